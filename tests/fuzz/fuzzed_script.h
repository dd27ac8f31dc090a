// Bytes as a user's script, parsed: what the fuzzers of the parser and of what follows begin with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "translator/parse/parse_file.h"

namespace stapd::test {

struct FuzzedScript {
  FuzzedScript(const uint8_t* data, size_t size)
      : file(files.add("fuzz.stp", std::string(reinterpret_cast<const char*>(data), size),
                       SourceOrigin::user)) {
    facts.architecture = "x86_64";
    facts.guru = size % 2 == 0;
    options.arguments = &arguments;
    options.macros = &none;
    options.facts = &facts;
    script = parse_file(files, file, options, diagnostics);
  }
  FuzzedScript(const FuzzedScript&) = delete;
  FuzzedScript& operator=(const FuzzedScript&) = delete;

  SourceFiles files;
  FileId file;
  Diagnostics diagnostics;
  ScriptArguments arguments{std::vector<std::string>{"1", "text"}};
  ScriptFacts facts;
  MacroTable none;
  ParseFileOptions options;
  std::optional<ast::Script> script;
};

}  // namespace stapd::test
