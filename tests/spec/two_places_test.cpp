// Random handlers run in the kernel, as BPF through the verifier, and in the VM: what they record
// and what they leave in globals must be equal. `unit_spec_two_places SEED COUNT` runs others.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "runtime/image/ir_text.h"
#include "runtime/image/map_layout.h"
#include "runtime/load/load_program.h"
#include "runtime/record/record_view.h"
#include "runtime/recorder/kernel_maps.h"
#include "runtime/recorder/show_globals.h"
#include "runtime/ring/ring_reader.h"
#include "runtime/vm/vm.h"
#include "tests/support/random_ir.h"
#include "translator/bpf/disassemble.h"
#include "translator/bpf/generate.h"
#include "translator/ir/simplify.h"

namespace stapd {
namespace {

constexpr uint32_t kSegmentSize = 1 << 20;

// What a run of the handler left behind, as text.
std::string outcome_of(const ProgramImage& image, const MapSet& maps) {
  RingMapping ring{maps.ring(), maps.ring_shape().segment_size, maps.ring_shape().stride,
                   maps.ring_shape().segments};
  RingWindow window = RingReader(ring, image.formats).take();
  std::string out;
  for (RingRecord record; window.next(record);) {
    auto header = read_header(record.bytes);
    const RecordFormat& format = image.formats[header->format];
    auto view = RecordView::parse_untrusted(record.bytes, format);
    out += fmt::format("record {}", header->format);
    if (!view) out += " malformed";
    for (size_t i = 0; view && i < format.fields.size(); ++i) {
      if (format.fields[i].kind == RecordField::Kind::buckets) {
        for (size_t b = 0; b < view->bucket_count(i); ++b)
          if (view->bucket(i, b)) out += fmt::format(" [{}]={}", b, view->bucket(i, b));
      } else if (format.fields[i].kind == RecordField::Kind::signed_integer) {
        out += fmt::format(" {}", view->integer(i));
      } else {
        out += fmt::format(" \"{}\"", view->string(i));
      }
    }
    out += "\n";
  }
  KernelMaps access(image, maps);
  for (const GlobalSpec& global : image.globals) append_global(out, global, access);
  return out;
}

class TwoPlaces : public testing::TestWithParam<uint32_t> {};

std::string run_in_vm(const ProgramImage& image) {
  auto maps = MapSet::create(image, kSegmentSize);
  if (!maps) return maps.error().message;
  KernelMaps access(image, *maps);
  const RingShape& shape = maps->ring_shape();
  RingWriter writer(maps->ring() + (shape.segments - 1) * shape.stride, kSegmentSize);
  Vm vm(image, access, &writer);
  vm.run(0, HandlerContext::of_this_process(), 1 << 30);
  return outcome_of(image, *maps);
}

std::string run_in_kernel(ProgramImage& image, const ProgramSpec& program) {
  auto maps = MapSet::create(image, kSegmentSize);
  if (!maps) return maps.error().message;
  auto fd = load_program(image, program, *maps);
  if (!fd) return fd.error().message;
  Status ran = run_program(fd->get(), {});
  if (!ran) return ran.error().message;
  return outcome_of(image, *maps);
}

void compare(uint32_t seed) {
  ProgramImage image = test::RandomIr(seed).make();
  Status checked = ir::check(image.functions[0], image);
  ASSERT_TRUE(checked) << "seed " << seed << ": " << checked.error().message;
  // The VM runs it as it is, the kernel as the translator makes it smaller.
  ir::Function simplified = image.functions[0];
  simplify(simplified);
  bpf::CodegenFacts facts;
  facts.lookup_percpu_elem = true;
  std::vector<bool> contended(image.globals.size(), seed % 2);
  bpf::DataPool data(image.data);
  auto made = bpf::generate_program(
      {image, simplified, ProgramContext::raw_tracepoint, true, facts, contended}, data);
  ASSERT_TRUE(made) << "seed " << seed << ": " << made.error().message;
  image.maps.insert(image.maps.end(), made->areas.begin(), made->areas.end());
  image.maps[kScratchMap].value_size = round_up_8(std::max(64u, made->scratch_size));
  image.maps[kDataMap].value_size = round_up_8(static_cast<uint32_t>(image.data.size())) + 8;
  std::string vm = run_in_vm(image), kernel = run_in_kernel(image, made->program);
  if (getenv("SHOW"))
    printf("%s%s", ir::to_text(image.functions[0], image).c_str(),
           bpf::disassemble(made->program).c_str());
  ASSERT_EQ(vm, kernel) << "seed " << seed << "\n" << ir::to_text(image.functions[0], image);
}

TEST(TwoPlaces, RandomHandlersMeanTheSame) {
  uint32_t first = getenv("SEED") ? static_cast<uint32_t>(atoi(getenv("SEED"))) : 1;
  uint32_t count = getenv("COUNT") ? static_cast<uint32_t>(atoi(getenv("COUNT"))) : 150;
  for (uint32_t seed = first; seed < first + count; ++seed) {
    compare(seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace stapd
