// The inference thread as a whole: shipped models on the demo recording, with all that happens in between.
#include "app/daemon/pipeline.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>

#include "app/audio/sound_16k.h"
#include "app/daemon/clip_writer.h"
#include "tests/support/allocations.h"
#include "tests/support/temporary_folder.h"

using namespace kwsd;
namespace fs = std::filesystem;

namespace {

std::string shipped(const std::string& name) {
  return std::string(KWSD_SOURCE) + "/models/" + name + ".kwsm";
}

std::vector<float> demo() {
  return load_recording(std::string(KWSD_SOURCE) + "/tests/data/demo.wav", {});
}

}  // namespace

TEST_CASE("the inference thread allocates nothing, whatever happens") {
  const test::TemporaryFolder folder;
  const std::vector<float> sound = demo();
  RecognitionOptions options;
  options.models = {shipped("commands"), shipped("jarvis"), shipped("computer")};
  ClipWriter clips(folder.path() / "clips", 3, ClipWriter::WhenBehind::drop);
  ClipWriter near_misses(folder.path() / "near", 3, ClipWriter::WhenBehind::drop);
  EventQueue events(2000);
  Pipeline pipeline(std::make_unique<Recognizer>(options), events);
  pipeline.set_clip_writers(&clips, &near_misses);
  pipeline.set_status_interval(0.5);
  CaptureBuffer buffer(2048);  // so that most switches meet a window, whichever thread is slow
  std::thread device([&] {
    constexpr std::size_t block = 800;
    buffer.begin(16000);
    for (std::size_t at = 0; at + block <= sound.size(); at += block) {
      pipeline.set_branch(static_cast<BranchId>(at / block % 3), 0.5);  // a switch every 50 ms
      (void)buffer.push_all(std::span(sound).subspan(at, block));
      if (at == 60 * block) {
        pipeline.replace(std::make_unique<Recognizer>(options));  // a reload
      }
      pipeline.thresholds().want("stop", 0.5F + static_cast<float>(at % 7) / 100, BranchId::half);
      pipeline.set_muted(at / block >= 200 && at / block < 220);
    }
    for (const std::uint32_t rate_hz : {48000U, 8000U}) {  // it comes back at other rates
      buffer.begin(rate_hz);
      (void)buffer.push_all(std::span(sound).first(20000));
    }
    buffer.close();
  });
  const test::AllocationCounter counter;
  ListeningProgress progress;
  consume(buffer, pipeline, progress, true, &events);
  const test::Allocations made = counter.so_far();
  device.join();
  CHECK(made.count == 0);
  CHECK(pipeline.take_replaced() != nullptr);
  const StatusEvent totals = pipeline.totals();
  CHECK(totals.detections >= 3);  // a reload and other rates come whenever the threads let them
  CHECK(totals.branch_changes > 10);
  CHECK(totals.windows > 3 * 200);
  CHECK(totals.overrun_samples == 0);
}

TEST_CASE("where nothing was heard, no window is counted") {
  RecognitionOptions options;
  options.models = {shipped("commands")};
  for (const bool begun : {false, true}) {
    EventQueue events(10);
    Pipeline pipeline(std::make_unique<Recognizer>(options), events);
    ListeningProgress progress;
    CaptureBuffer buffer(2048);
    if (begun) {
      buffer.begin(48000);
    }
    buffer.close();
    consume(buffer, pipeline, progress);
    CHECK(pipeline.totals().windows == 0);
    CHECK(pipeline.totals().sample == 0);
  }
}

TEST_CASE("a reload in a pause of the sound leaves the time of what follows as it is") {
  const std::vector<float> sound = demo();
  RecognitionOptions options;
  options.models = {shipped("commands")};
  options.hop_ms = 1000;  // so that most samples lie far from a window
  options.thresholds = {"0.2"};
  EventQueue events(100);
  Pipeline pipeline(std::make_unique<Recognizer>(options), events);
  ListeningProgress progress;
  CaptureBuffer buffer(1 << 20);
  buffer.begin(16000);
  (void)buffer.push_all(std::span(sound).first(160));
  std::thread inference([&] { consume(buffer, pipeline, progress); });
  while (progress.samples == 0) {
    std::this_thread::yield();
  }
  options.hop_ms = 0;
  pipeline.replace(std::make_unique<Recognizer>(options));
  while (pipeline.take_replaced() == nullptr) {  // which a pause brings about
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  (void)buffer.push_all(std::span(sound).subspan(160));
  buffer.close();
  inference.join();
  Recognizer alone(options);
  std::vector<std::int64_t> wanted;
  for (std::size_t at = 0; at + 160 <= sound.size(); at += 160) {
    for (const auto& found : alone.listen(std::span(sound).subspan(at, 160), BranchId::full)) {
      wanted.push_back(found.detection.end_sample);
    }
  }
  std::vector<std::int64_t> ends;
  Event event;
  while (events.pop(event, std::chrono::milliseconds(0)) == EventQueue::Pop::event) {
    if (const auto* detected = std::get_if<DetectionEvent>(&event.body)) {
      ends.push_back(detected->detection.end_sample);
    }
  }
  REQUIRE(ends.size() == wanted.size());
  for (std::size_t n = 0; n < ends.size(); ++n) {
    CHECK(std::abs(ends[n] - wanted[n]) < 3200);
  }
}

TEST_CASE("a switch of the branch at every window loses no word") {
  const std::vector<float> sound = demo();
  RecognitionOptions options;
  options.models = {shipped("commands")};
  const auto words = [&](bool switching) {
    Recognizer recognizer(options);
    std::vector<std::string> found;
    for (std::size_t at = 0; at + 320 <= sound.size(); at += 320) {
      const auto branch = switching ? static_cast<BranchId>(at / 320 % 3) : BranchId::full;
      for (const auto& word : recognizer.listen(std::span(sound).subspan(at, 320), branch)) {
        found.push_back((*word.model)->labels[static_cast<std::size_t>(word.detection.label)].name);
      }
    }
    return found;
  };
  CHECK(words(false).size() == 8);
  CHECK(words(true) == words(false));
}

TEST_CASE("models side by side find what each finds alone") {
  const std::vector<float> sound = demo();
  const auto words = [&](const std::vector<std::string>& models) {
    RecognitionOptions options;
    options.models = models;
    Recognizer recognizer(options);
    std::vector<std::string> found;
    for (std::size_t at = 0; at + 4096 <= sound.size(); at += 4096) {
      for (const auto& word : recognizer.listen(std::span(sound).subspan(at, 4096), BranchId::full)) {
        found.push_back((*word.model)->name + ":" +
                        (*word.model)->labels[static_cast<std::size_t>(word.detection.label)].name);
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  };
  const auto first = words({shipped("commands")});
  const auto second = words({shipped("commands-small")});
  std::vector<std::string> both(first.size() + second.size());
  std::merge(first.begin(), first.end(), second.begin(), second.end(), both.begin());
  CHECK(first.size() >= 7);
  CHECK(words({shipped("commands"), shipped("commands-small")}) == both);
}

TEST_CASE(
    "a threshold that is changed while it listens holds from the next window on, in the branch it is for") {
  const std::vector<float> sound = demo();
  RecognitionOptions options;
  options.models = {shipped("commands")};
  options.thresholds = {"1", "stop=0.5"};
  Recognizer recognizer(options);
  const auto labels = recognizer.models()[0]->labels;
  const auto at =
      std::find_if(labels.begin(), labels.end(), [](const Label& label) { return label.name == "stop"; });
  const int stop = static_cast<int>(at - labels.begin());
  REQUIRE(recognizer.threshold(0, stop, BranchId::half) == Approx(0.5F));
  REQUIRE(!recognizer.thresholds().want("nosuch", 0.3F));
  REQUIRE(recognizer.thresholds().want("stop", 0.7F, BranchId::half));
  REQUIRE(recognizer.threshold(0, stop, BranchId::half) == Approx(0.5F));
  (void)recognizer.listen(std::span(sound).first(160), BranchId::full);
  REQUIRE(recognizer.threshold(0, stop, BranchId::half) == Approx(0.7F));
  REQUIRE(recognizer.threshold(0, stop, BranchId::full) == Approx(0.5F));
  REQUIRE(recognizer.thresholds().want("", 0.9F));
  (void)recognizer.listen(std::span(sound).first(160), BranchId::full);
  REQUIRE(recognizer.threshold(0, stop, BranchId::full) == Approx(0.9F));
  REQUIRE(recognizer.threshold(0, stop, BranchId::quarter) == Approx(0.9F));
}
