# Everything where Debian expects it.
configure_file(${CMAKE_SOURCE_DIR}/units/stapd.service.in ${CMAKE_BINARY_DIR}/units/stapd.service @ONLY)

install(TARGETS stapd_program RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS stapctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(name stap staprun)
  install(CODE "file(CREATE_LINK stapctl \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/${name}\" SYMBOLIC)")
endforeach()
install(DIRECTORY tapsets/ DESTINATION share/stapd/tapsets FILES_MATCHING PATTERN "*.stp" PATTERN "*.stpm")
install(DIRECTORY conf.d/ DESTINATION lib/stapd/conf.d FILES_MATCHING PATTERN "*.conf" PATTERN "*.stp")
install(FILES ${CMAKE_BINARY_DIR}/units/stapd.service DESTINATION lib/systemd/system)
install(FILES units/org.stapd.Stapd1.conf DESTINATION share/dbus-1/system.d)
install(FILES units/org.stapd.Stapd1.service DESTINATION share/dbus-1/system-services)
