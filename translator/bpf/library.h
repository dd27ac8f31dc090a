// Functions of our own that programs call: made once a program, when first used. They are static
// subprograms, so the verifier checks them at each call with what it knows of the arguments there.
#pragma once

#include <deque>
#include <map>

#include "translator/bpf/emitter.h"

namespace stapd::bpf {

enum class LibraryFunction : uint8_t {
  // (slot, source, size, capacity): appends `size` bytes from `source`, any readable address, to
  // the long string at `slot`, as far as they fit.
  append_bytes,
  // (slot, value, spec, width, precision): appends a number; spec: ir::number_spec() | capacity
  // << 16.
  append_number,
  // (slot, source, size, capacity): as append_bytes, with the escapes of %#s.
  append_escaped,
  append_escaped_round,  // its callback
  // (source, size): how many characters that makes.
  escaped_length,
  escaped_length_round,  // its callback
  // (bytes, bytes, last word): compares words 0 to `last word`; -1, 0 or 1 as strcmp.
  compare_words,
  compare_words_round,  // its callback
  // (lock word, owner): waits for the lock; 0 when it was taken.
  wait_for_lock,
  wait_for_lock_round,  // its callback
};

class Library {
 public:
  // `data_map_spaces`, `_zeros`: offsets in the data map of kPadding spaces and '0' characters.
  // `longest`: most bytes that a string of the program has. Behind every string there is room for
  // as many, since Linux 6.1 learns nothing from comparing two registers: what is added to an
  // address is at most this to it.
  Library(std::deque<Function>& functions, uint32_t spaces, uint32_t zeros, int32_t lock_rounds,
          uint32_t longest)
      : functions_(functions),
        spaces_(spaces),
        zeros_(zeros),
        lock_rounds_(lock_rounds),
        longest_(static_cast<int32_t>(longest)) {}

  // Index of the subprogram.
  uint32_t index_of(LibraryFunction which);

  static constexpr uint32_t kPadding = 512;

 private:
  void make_append_bytes(Function& function);
  void make_append_number(Function& function);
  void make_append_escaped(Function& function);
  void make_append_escaped_round(Function& function);
  void make_escaped_length(Function& function);
  void make_escaped_length_round(Function& function);
  void make_compare_words(Function& function);
  void make_compare_words_round(Function& function);
  void make_wait_for_lock(Function& function);
  void make_wait_for_lock_round(Function& function);

  std::deque<Function>& functions_;
  std::map<LibraryFunction, uint32_t> made_;
  uint32_t spaces_, zeros_;
  int32_t lock_rounds_;
  int32_t longest_;
};

}  // namespace stapd::bpf
