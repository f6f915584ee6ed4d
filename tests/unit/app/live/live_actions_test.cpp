// The screen's side of `kwsd live`: meters and what keys do outside the screen.
#include "app/live/live_actions.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "app/live/live_meters.h"
#include "engine/model/error.h"
#include "tests/support/temporary_folder.h"

using namespace kwsd;
namespace fs = std::filesystem;

namespace {

/// A tap for the words "yes" and "no", and what feeds it.
struct Rig {
  std::vector<std::shared_ptr<const Model>> models;
  SoundTap sound;
  std::unique_ptr<ScoreTap> tap;
  std::unique_ptr<Detector> detector;
  LiveState state;
  LiveMeters meters;
  std::int64_t sample = 0;
  test::TemporaryFolder folder;
  bool muted = false;
  std::vector<std::pair<std::string, float>> thresholds;  // set by key

  Rig() {
    auto model = std::make_shared<Model>();
    model->labels = {{"yes", LabelKind::keyword}, {"no", LabelKind::keyword}};
    for (Branch& branch : model->branches) {
      branch.thresholds = {0.5F, 0.6F};
    }
    models = {model};
    tap = std::make_unique<ScoreTap>(models);
    detector = std::make_unique<Detector>(*model, DetectorParams{});
  }
  void hear(double seconds, float height) {
    const std::vector<float> samples(static_cast<std::size_t>(seconds * 16000), height);
    for (std::size_t at = 0; at < samples.size(); at += 1600) {
      sound.on_samples(std::span(samples).subspan(at, std::min<std::size_t>(1600, samples.size() - at)));
    }
    sample += static_cast<std::int64_t>(samples.size());
  }
  void window(float yes) {
    const std::vector<float> posteriors{yes, 0.0F};
    (void)detector->push(posteriors, sample, BranchId::half);
    tap->on_window(*models[0], *detector, BranchId::half, sample);
  }
  LiveActions actions() { return {state, sound, ClipFolder(folder.path() / "marks", "ann"), effects()}; }
  LiveActions::Effects effects() {
    return {[this](bool wanted) { muted = wanted; },
            [this](const std::string& word, float threshold) { thresholds.emplace_back(word, threshold); },
            [this](std::span<const NamedThreshold> changed) {
              write_thresholds(folder.path() / "kwsd.toml", changed);
              return folder.path() / "kwsd.toml";
            }};
  }
  void update(double now) { meters.update(state, sound, *tap, now); }
  [[nodiscard]] std::size_t files(const std::string& below) const {
    std::error_code none;
    return static_cast<std::size_t>(std::distance(
        fs::directory_iterator(folder.path() / "marks" / below, none), fs::directory_iterator()));
  }
};

}  // namespace

TEST_CASE("the level is that of the last sound, and clipping stays for a second") {
  Rig rig;
  rig.update(0);
  REQUIRE(rig.state.level.rms_db < -90);
  rig.hear(1, 0.1F);
  rig.update(0.1);
  REQUIRE(rig.state.level.rms_db == Approx(-20).margin(0.01));
  REQUIRE(rig.state.level.peak_db == Approx(-20).margin(0.01));
  REQUIRE(!rig.state.level.clipping);
  REQUIRE(rig.state.seconds == Approx(1));
  rig.hear(0.1, 1.0F);
  rig.hear(0.1, 0.01F);
  rig.update(0.2);
  REQUIRE(rig.state.level.clipping);
  rig.hear(0.5, 0.01F);
  rig.update(0.3);
  REQUIRE(rig.state.level.clipping);
  REQUIRE(rig.state.level.rms_db == Approx(-40).margin(0.01));
  rig.hear(0.6, 0.01F);
  rig.update(0.4);
  REQUIRE(!rig.state.level.clipping);
}

TEST_CASE("scores, peaks, thresholds and the rate of windows") {
  Rig rig;
  rig.update(10);
  REQUIRE(rig.state.windows_per_second < 0);
  for (int i = 0; i < 25; ++i) {
    rig.hear(0.1, 0.1F);
    rig.window(i < 20 ? 0.8F : 0.0F);
    rig.update(10 + 0.1 * (i + 1));
  }
  REQUIRE(rig.state.windows_per_second == Approx(10).margin(0.6));
  REQUIRE(rig.state.keywords[0].name == "yes");
  REQUIRE(rig.state.keywords[0].score < 0.1F);
  REQUIRE(rig.state.keywords[0].peak == Approx(0.8F));
  REQUIRE(rig.state.keywords[1].threshold == Approx(0.6F));
  REQUIRE(rig.state.branch == BranchId::half);
  for (int i = 0; i < 25; ++i) {
    rig.hear(0.1, 0.1F);
    rig.window(0.0F);
    rig.update(13);
  }
  REQUIRE(rig.state.keywords[0].peak < 0.1F);
}

TEST_CASE("a threshold that is moved holds at once, and is written on request") {
  Rig rig;
  rig.hear(0.1, 0);
  rig.window(0);
  rig.update(0);
  LiveActions actions = rig.actions();
  REQUIRE(actions.press('w'));
  REQUIRE(rig.state.message_is_warning);
  REQUIRE(!fs::exists(rig.folder.path() / "kwsd.toml"));
  REQUIRE(actions.press(live_key::down));
  REQUIRE(actions.press('+'));
  rig.update(0);
  REQUIRE(rig.state.keywords[1].threshold == Approx(0.61F));
  REQUIRE(rig.thresholds == std::vector<std::pair<std::string, float>>{{"no", 0.61F}});
  REQUIRE(actions.press(' '));
  REQUIRE(rig.muted);
  REQUIRE(actions.press(' '));
  REQUIRE(!rig.muted);
  REQUIRE(rig.thresholds.size() == 1);
  REQUIRE(actions.press('w'));
  REQUIRE(!rig.state.message_is_warning);
  REQUIRE(!rig.state.keywords[1].threshold_set);
  std::ifstream in(rig.folder.path() / "kwsd.toml");
  REQUIRE(std::string(std::istreambuf_iterator<char>(in), {}) == "threshold = [\"no=0.61\"]\n");
  REQUIRE(!actions.press('q'));
}

TEST_CASE("a threshold that is moved before the first window starts from the one in force") {
  Rig rig;
  rig.tap->set_threshold(0, 0.8F);  // of --threshold
  rig.update(0);
  LiveActions actions = rig.actions();
  REQUIRE(actions.press('-'));
  REQUIRE(actions.press('w'));
  std::ifstream in(rig.folder.path() / "kwsd.toml");
  REQUIRE(std::string(std::istreambuf_iterator<char>(in), {}) == "threshold = [\"yes=0.79\"]\n");
}

TEST_CASE("a miss keeps the last two seconds, a false accept the sound around its word") {
  Rig rig;
  rig.hear(1, 0.1F);
  rig.update(0);
  LiveActions actions = rig.actions();
  REQUIRE(actions.press('m'));
  REQUIRE(rig.state.message_is_warning);  // less than 2 s
  REQUIRE(actions.press('f'));
  REQUIRE(rig.files("") == 0);
  rig.hear(2, 0.2F);
  REQUIRE(actions.press('m'));
  REQUIRE(actions.press('m'));
  REQUIRE(rig.files("yes") == 2);
  REQUIRE(fs::file_size(rig.folder.path() / "marks/yes/ann_nohash_1.wav") == 44 + 64000);
  rig.state.detections.push_front({"no", 2.0, 0.9F, 0.5F, BranchId::full, -30, 20, ""});
  REQUIRE(actions.press('f'));
  REQUIRE(rig.files("not_no") == 1);
  rig.hear(10, 0.1F);
  REQUIRE(actions.press('f'));
  REQUIRE(rig.files("not_no") == 1);
  REQUIRE_THAT(rig.state.message, Catch::Contains("too long ago"));
}

TEST_CASE("what cannot be written is said, and nothing else happens") {
  Rig rig;
  rig.hear(3, 0.1F);
  rig.update(0);
  LiveActions::Effects effects = rig.effects();
  effects.write_thresholds = [](std::span<const NamedThreshold>) -> fs::path {
    throw Error(ErrorKind::config, "no home");
  };
  LiveActions actions(rig.state, rig.sound, ClipFolder("/dev/null/x", "ann"), effects);
  REQUIRE(actions.press('m'));
  REQUIRE_THAT(rig.state.message, Catch::Contains("cannot be made"));
  REQUIRE(actions.press('+'));
  REQUIRE(actions.press('w'));
  REQUIRE(rig.state.message == "no home");
  REQUIRE(rig.state.keywords[0].threshold_set);
}
