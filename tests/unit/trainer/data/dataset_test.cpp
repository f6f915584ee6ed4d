#include "models/trainer/data/dataset.h"

#include <sndfile.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "app/audio/scan.h"
#include "engine/model/error.h"
#include "tests/unit/trainer/data/recordings.h"

using namespace kwsd;
using namespace kwsd::train;
using namespace kwsd::train::test;
namespace fs = std::filesystem;

namespace {

DataOptions options_for(const TemporaryFolder& folder, std::vector<std::string> keywords) {
  DataOptions options;
  options.words = {folder.path() / "data"};
  options.keywords = std::move(keywords);
  options.cache = folder.path() / "cache";
  options.threads = 2;
  return options;
}

std::size_t count(const Dataset& dataset, Split split, int label) {
  const auto& clips = dataset.clips(split);
  return static_cast<std::size_t>(
      std::count_if(clips.begin(), clips.end(), [label](const Clip& c) { return c.label == label; }));
}

std::string error_of(const DataOptions& options) {
  try {
    const Dataset dataset(options);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

/// A second of float WAV at 16 kHz; `sample` of the index among interleaved samples.
template <class Sample>
void write_float(const fs::path& path, int channels, Sample sample) {
  fs::create_directories(path.parent_path());
  SF_INFO info{};
  info.samplerate = 16000;
  info.channels = channels;
  info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  std::vector<float> samples(16000U * static_cast<unsigned>(channels));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = sample(i);
  }
  REQUIRE(sf_write_float(file, samples.data(), static_cast<sf_count_t>(samples.size())) ==
          static_cast<sf_count_t>(samples.size()));
  sf_close(file);
}

}  // namespace

TEST_CASE("the speaker is read from the file name") {
  REQUIRE(speaker_of("0a7c2a8d_nohash_3") == "0a7c2a8d");
  REQUIRE(speaker_of("00000012_NO_01") == "00000012");
  REQUIRE(speaker_of("19-198-0001") == "19");
  REQUIRE(speaker_of("0386da81-9db7-499c-b4f8-910beec53c23") == "0386da81-9db7-499c-b4f8-910beec53c23");
  REQUIRE(speaker_of("000010063") == "00001");
  REQUIRE(speaker_of("00001006") == "00001006");
  REQUIRE(speaker_of("hello_01") == "hello_01");
  REQUIRE(speaker_of("") == "");
}

TEST_CASE("transcripts tell which utterances contain a keyword or its homophone") {
  REQUIRE(says_any("SHE SAID NO", {"no"}));
  REQUIRE(says_any("I KNOW, HE SAID", {"no"}));
  REQUIRE(says_any("STOP!", {"stop"}));
  REQUIRE_FALSE(says_any("NOTHING GOING ON", {"no", "go"}));
  REQUIRE_FALSE(says_any("", {"no"}));
  REQUIRE(says_any("fährt ÜBER die Brücke", {"über"}));
  REQUIRE(says_any("Здравствуй, МИР", {"мир"}));
  REQUIRE(says_any("hey, computer", {"hey_computer"}));
  REQUIRE_FALSE(says_any("HEY MY COMPUTER", {"hey_computer"}));
  REQUIRE(says_any("\xFF no", {"no"}));
}

TEST_CASE("keywords keep their order, other words are unknown") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"yes", "no", "tree"}, 12);
  const Dataset dataset(options_for(folder, {"no", "yes"}));
  REQUIRE(dataset.words() == std::vector<std::string>{"no", "yes", "tree"});
  REQUIRE(dataset.labels().size() == 4);
  REQUIRE(dataset.labels()[2].kind == LabelKind::unknown);
  REQUIRE(dataset.labels()[3].kind == LabelKind::silence);
  std::size_t clips = 0;
  std::set<std::uint64_t> seen;
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    std::set<std::uint64_t> speakers;
    for (const Clip& clip : dataset.clips(split)) {
      REQUIRE(clip.label == std::min(clip.word, 2));
      speakers.insert(clip.speaker);
    }
    clips += dataset.clips(split).size();
    for (const std::uint64_t speaker : speakers) {
      REQUIRE(seen.insert(speaker).second);  // nobody is in two splits
    }
  }
  REQUIRE(clips == 36);
}

TEST_CASE("lists win over the hash") {
  const TemporaryFolder folder;
  const fs::path data = folder.path() / "data";
  write_words(data, {"yes", "no"}, 10);
  write_text(data / "validation_list.txt", "yes/speaker0_nohash_0.wav\nno/speaker1_nohash_0.wav\r\n");
  SECTION("validation and testing list") {
    write_text(data / "testing_list.txt", "yes/speaker2_nohash_0.flac\n");  // the extension does not matter
    const Dataset dataset(options_for(folder, {"yes", "no"}));
    REQUIRE(dataset.clips(Split::validation).size() == 2);
    REQUIRE(dataset.clips(Split::test).size() == 1);
    REQUIRE(dataset.clips(Split::train).size() == 17);
  }
  SECTION("validation list only") {
    const Dataset dataset(options_for(folder, {"yes", "no"}));
    REQUIRE(dataset.clips(Split::validation).size() == 2);
    REQUIRE(dataset.clips(Split::test).empty());
  }
  SECTION("validation list as test") {
    DataOptions options = options_for(folder, {"yes", "no"});
    options.validation_list_is_test = true;
    options.validation_fraction = 0.4;
    const Dataset dataset(options);
    REQUIRE(dataset.clips(Split::test).size() == 2);
    REQUIRE(dataset.clips(Split::validation).size() >= 2);
  }
  SECTION("everything trains") {
    DataOptions options = options_for(folder, {"yes", "no"});
    options.everything_trains = true;
    REQUIRE(Dataset(options).clips(Split::train).size() == 20);
    REQUIRE(Dataset(options).clips(Split::validation).size() == 2);
  }
}

TEST_CASE("a keyword without recordings is an error that names it") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"yes"}, 3);
  fs::create_directories(folder.path() / "data" / "no");
  REQUIRE_THAT(error_of(options_for(folder, {"yes", "no"})),
               Catch::Contains("'no'") && Catch::Contains("no usable recording"));
  REQUIRE_THAT(error_of(options_for(folder, {"maybe"})), Catch::Contains("'maybe'"));
  REQUIRE_THAT(error_of(options_for(folder, {})), Catch::Contains("--keywords"));
  REQUIRE_THAT(error_of(options_for(folder, {"yes", "yes"})), Catch::Contains("--keywords"));
  DataOptions elsewhere = options_for(folder, {"yes"});
  elsewhere.words = {folder.path() / "nowhere"};
  REQUIRE_THAT(error_of(elsewhere), Catch::Contains("nowhere"));
}

TEST_CASE("an empty word that is no keyword is left out") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"yes"}, 3);
  fs::create_directories(folder.path() / "data" / "no");
  REQUIRE(Dataset(options_for(folder, {"yes"})).words() == std::vector<std::string>{"yes"});
}

TEST_CASE("a single recording is used for training, whatever its hash") {
  for (int speaker = 0; speaker < 12; ++speaker) {
    const TemporaryFolder folder;
    write_clip(folder.path() / "data" / "yes" / ("s" + std::to_string(speaker) + "_nohash_0.wav"),
               tone(1, 500, 0.2, 0.6));
    const Dataset dataset(options_for(folder, {"yes"}));
    REQUIRE(count(dataset, Split::train, 0) == 1);
    REQUIRE(dataset.clips(Split::validation).empty());
  }
}

TEST_CASE("one person's recordings train, beside other voices and whatever their hash") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"yes", "no"}, 10);
  DataOptions options = options_for(folder, {"yes"});
  for (int speaker = 0; speaker < 30; ++speaker) {
    const std::string name = "person" + std::to_string(speaker);
    for (const char* word : {"yes", "hello"}) {
      write_clip(folder.path() / name / word / (name + "_nohash_0.wav"), tone(1, 500, 0.2, 0.6));
    }
    CAPTURE(name);
    options.words = {folder.path() / name, folder.path() / "data"};
    const Dataset dataset(options);
    const std::uint64_t who = stable_hash(name);
    for (const Split split : {Split::validation, Split::test}) {
      const auto& clips = dataset.clips(split);
      REQUIRE(std::none_of(clips.begin(), clips.end(), [who](const Clip& c) { return c.speaker == who; }));
    }
    options.words = {folder.path() / "data"};
    options.own_words = {{"yes", folder.path() / name / "yes"}};
    REQUIRE(count(Dataset(options), Split::train, 0) == count(dataset, Split::train, 0));
    options.own_words.clear();
  }
}

TEST_CASE("a keyword that no model file can name is refused at once") {
  const TemporaryFolder folder;
  for (const char* keyword : {"hey  computer", "unknown", "silence", "what?",
                              "\xFC"
                              "ber"}) {
    CAPTURE(keyword);
    write_words(folder.path() / "data", {keyword}, 1);
    REQUIRE_THAT(error_of(options_for(folder, {keyword})),
                 Catch::StartsWith("--keywords: found") && Catch::Contains("--own-word"));
  }
  write_words(folder.path() / "data",
              {"\xC3\xBC"
               "ber_uns"},
              1);
  REQUIRE(error_of(options_for(folder, {"\xC3\xBC"
                                        "ber_uns"}))
              .empty());
}

TEST_CASE("a folder that spells the keyword in another way trains for it, not against it") {
  const TemporaryFolder folder;
  const fs::path data = folder.path() / "data";
  write_words(data, {"stop", "Stop", "STOP ", "u\314\210ber", "tree", ".Trash-1000", "@eaDir"}, 3);
  write_words(folder.path() / "more",
              {"sToP",
               "\xC3\x9C"
               "BER",
               "Tree"},
              3);
  DataOptions options = options_for(folder, {"stop",
                                             "\xC3\xBC"
                                             "ber"});
  options.training_words = {folder.path() / "more"};
  options.own_words = {{"Stop", data / "stop"}};
  const Dataset dataset(options);
  CHECK(dataset.words().size() == 3);
  std::size_t clips[3] = {};
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    for (const Clip& clip : dataset.clips(split)) {
      ++clips[clip.word];
    }
  }
  CHECK(clips[0] == 15);
  CHECK(clips[1] == 6);
  CHECK(clips[2] == 6);
  options.keywords = {"stop", "Stop"};
  CHECK_THAT(error_of(options), Catch::Contains("--keywords: found 'Stop' twice"));
}

TEST_CASE("a phrase is a keyword, in a folder with blanks or underscores") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"hey computer", "Hey_Computer", "tree"}, 4);
  const Dataset dataset(options_for(folder, {"hey computer"}));
  CHECK(dataset.words() == std::vector<std::string>{"hey computer", "tree"});
  CHECK(dataset.labels()[0].name == "hey computer");
}

TEST_CASE("clips without a signal and clips of no numbers are no recordings") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"yes"}, 3);
  const fs::path yes = folder.path() / "data" / "yes";
  write_clip(yes / "zero.wav", std::vector<std::int16_t>(16000, 0));
  write_clip(yes / "constant.wav", std::vector<std::int16_t>(16000, 300));
  write_float(yes / "nan.wav", 1,
              [](std::size_t i) { return i == 8000 ? std::nanf("") : 0.1F * (i % 7 == 0); });
  const Dataset dataset(options_for(folder, {"yes"}));
  CHECK(dataset.counts().damaged == 3);
  CHECK(count(dataset, Split::train, 0) + dataset.clips(Split::validation).size() +
            dataset.clips(Split::test).size() ==
        3);
}

TEST_CASE("of several channels one is taken: an inverted one does not make silence of the word") {
  const TemporaryFolder folder;
  const fs::path yes = folder.path() / "data" / "yes";
  const auto tone_at = [](std::size_t frame) {
    return 0.25F * static_cast<float>(std::sin(0.2 * static_cast<double>(frame)));
  };
  write_float(yes / "inverted.wav", 2,
              [&](std::size_t i) { return (i % 2 == 0 ? 1.0F : -1.0F) * tone_at(i / 2); });
  DataOptions options = options_for(folder, {"yes"});
  const auto peak_of = [](const Dataset& dataset) {
    const auto samples = dataset.clips(Split::train).at(0).samples;
    return *std::max_element(samples.begin(), samples.end());
  };
  CHECK(peak_of(Dataset(options)) == Approx(8192).epsilon(0.01));
  write_float(yes / "inverted.wav", 2, [&](std::size_t i) { return i % 2 == 0 ? 0.0F : tone_at(i / 2); });
  CHECK_THAT(error_of(options), Catch::Contains("no usable recording"));
  options.channel = 2;
  CHECK(peak_of(Dataset(options)) == Approx(8192).epsilon(0.01));
}

TEST_CASE("a list of other clips is an error, however it is written it is found") {
  const TemporaryFolder folder;
  const fs::path data = folder.path() / "data";
  write_words(data, {"yes", "no"}, 10);
  write_text(data / "testing_list.txt",
             "\357\273\277yes/speaker0_nohash_0.wav\r\n./no/speaker1_nohash_0.wav\r\n" +
                 (data / "yes" / "speaker2_nohash_0.wav").string() +
                 "\ndata/no/speaker3_nohash_0.wav\nNO/speaker4_nohash_0\n");
  CHECK(Dataset(options_for(folder, {"yes", "no"})).clips(Split::test).size() == 5);
  write_text(data / "testing_list.txt", "maybe/x.wav\nyes/nobody.wav\n");
  CHECK_THAT(error_of(options_for(folder, {"yes", "no"})),
             Catch::Contains("testing_list.txt: none of its 2 entries") && Catch::Contains("maybe/x.wav"));
}

TEST_CASE("speech and noise of less than a second is named, skipped and counted") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"yes"}, 3);
  write_clip(folder.path() / "noise" / "door.wav", tone(0.6, 50, 0, 1));
  write_clip(folder.path() / "speech" / "oh.wav", tone(0.9, 50, 0, 1));
  DataOptions options = options_for(folder, {"yes"});
  options.noise = {folder.path() / "noise"};
  options.speech = {folder.path() / "speech"};
  REQUIRE(Dataset(options).counts().too_short == 2);
}

TEST_CASE("damaged, too short and too long recordings are skipped and counted") {
  const TemporaryFolder folder;
  const fs::path yes = folder.path() / "data" / "yes";
  write_words(folder.path() / "data", {"yes"}, 3);
  write_clip(yes / "short.wav", tone(0.01, 500, 0, 1));
  write_clip(yes / "long.flac", tone(60, 500, 3, 4));
  write_clip(yes / "cut.flac", tone(1, 500, 0, 1));
  fs::resize_file(yes / "cut.flac", 300);
  write_text(yes / "text.wav", "hello");
  write_text(yes / "notes.txt", "not a recording at all");
  const Dataset dataset(options_for(folder, {"yes"}));
  REQUIRE(dataset.counts().too_short == 1);
  REQUIRE(dataset.counts().too_long == 1);
  REQUIRE(dataset.counts().damaged == 2);
  REQUIRE(dataset.clips(Split::train).size() + dataset.clips(Split::validation).size() +
              dataset.clips(Split::test).size() ==
          3);
  REQUIRE_THAT(dataset.summary(), Catch::Contains("2 damaged, 1 too short, 1 too long"));
}

TEST_CASE("speech is split by speaker and loses utterances with a keyword") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"yes"}, 3);
  const fs::path speech = folder.path() / "speech";
  std::string transcript;
  for (int speaker = 1; speaker <= 10; ++speaker) {
    const std::string name = std::to_string(speaker) + "-1-000";
    write_clip(speech / (name + "0.flac"), tone(2, 300, 0, 2));
    write_clip(speech / (name + "1.flac"), tone(2, 300, 0, 2));
    transcript += name + "0 NOT A WORD\n" + name + "1 OH YES INDEED\n";
  }
  write_text(speech / "all.trans.txt", transcript);
  DataOptions options = options_for(folder, {"yes"});
  options.speech = {speech};
  const Dataset dataset(options);
  REQUIRE(dataset.keyword_in_speech() == 10);
  REQUIRE(dataset.speech(Split::test).size() == 1);
  REQUIRE(dataset.speech(Split::validation).size() == 1);
  REQUIRE(dataset.speech(Split::train).size() == 8);
}

TEST_CASE("long noise is split by time, _background_noise_ is found") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"yes"}, 3);
  write_clip(folder.path() / "data" / "_background_noise_" / "hum.wav", tone(40, 50, 0, 40));
  const Dataset dataset(options_for(folder, {"yes"}));
  REQUIRE(dataset.words().size() == 1);
  REQUIRE(dataset.noise(Split::train).at(0).samples.size() == Approx(32 * 16000).margin(16));
  REQUIRE(dataset.noise(Split::validation).at(0).samples.size() == Approx(4 * 16000).margin(16));
  REQUIRE(dataset.noise(Split::test).at(0).samples.size() == Approx(4 * 16000).margin(16));
}

TEST_CASE("a word in a folder of its own") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"tree"}, 3);
  for (int i = 0; i < 5; ++i) {
    write_clip(folder.path() / "mine" / (std::to_string(i) + ".wav"), tone(1.5, 900, 0.3, 1.2));
  }
  DataOptions options = options_for(folder, {"kwsd"});
  options.own_words = {{"kwsd", folder.path() / "mine"}};
  const Dataset dataset(options);
  REQUIRE(count(dataset, Split::train, 0) >= 1);
  REQUIRE(dataset.labels()[0].name == "kwsd");
}

TEST_CASE("words for training alone stay out of the other splits") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"yes", "no"}, 20);
  write_words(folder.path() / "more", {"yes", "tree"}, 20);
  write_words(folder.path() / "foreign", {"yes"}, 20);
  DataOptions options = options_for(folder, {"yes"});
  const Dataset before(options);
  options.training_words = {folder.path() / "more"};
  options.other_words = {folder.path() / "foreign"};
  const Dataset dataset(options);
  REQUIRE(dataset.words() == std::vector<std::string>{"yes", "foreign/yes", "no", "tree"});
  for (const Split split : {Split::validation, Split::test}) {
    REQUIRE(dataset.clips(split).size() == before.clips(split).size());
  }
  REQUIRE(count(dataset, Split::train, 0) == count(before, Split::train, 0) + 20);
  REQUIRE(count(dataset, Split::train, 1) == count(before, Split::train, 1) + 40);
}

TEST_CASE("held-out speech validates and tests, and never trains") {
  const TemporaryFolder folder;
  write_words(folder.path() / "data", {"yes"}, 3);
  for (int speaker = 1; speaker <= 10; ++speaker) {
    write_clip(folder.path() / "speech" / (std::to_string(speaker) + "-1-0000.flac"), tone(2, 300, 0, 2));
  }
  DataOptions options = options_for(folder, {"yes"});
  options.held_out_speech = {folder.path() / "speech"};
  options.everything_trains = true;
  const Dataset dataset(options);
  REQUIRE(dataset.speech(Split::train).empty());
  REQUIRE(dataset.speech(Split::validation).size() == 5);
  REQUIRE(dataset.speech(Split::test).size() == 5);
}

namespace {

/// The public layout: two keywords, three other words, lists by speaker (0 validates, 1 and 2 test), noise.
void write_public_data(const fs::path& root, int speakers) {
  write_words(root, {"yes", "no", "tree", "bed", "cat"}, speakers);
  std::string validation, testing;
  for (const char* word : {"yes", "no", "tree", "bed", "cat"}) {
    validation += std::string(word) + "/speaker0_nohash_0.wav\n";
    testing += std::string(word) + "/speaker1_nohash_0.wav\n" + word + "/speaker2_nohash_0.wav\n";
  }
  write_text(root / "validation_list.txt", validation);
  write_text(root / "testing_list.txt", testing);
  write_clip(root / "_background_noise_" / "hum.wav", tone(40, 50, 0, 40));
}

}  // namespace

TEST_CASE("a balanced split has as many unknown words as the average keyword has clips") {
  const TemporaryFolder folder;
  write_public_data(folder.path() / "data", 12);
  DataOptions options = options_for(folder, {"yes", "no"});
  const Dataset all(options);
  REQUIRE(count(all, Split::test, all.unknown_label()) == 6);
  options.balanced = true;
  const Dataset balanced(options);
  const Dataset again(options);
  for (const Split split : {Split::validation, Split::test}) {
    const std::size_t each = split == Split::test ? 2 : 1;
    REQUIRE(count(balanced, split, 0) == each);
    REQUIRE(count(balanced, split, 1) == each);
    REQUIRE(count(balanced, split, balanced.unknown_label()) == each);
    for (std::size_t i = 0; i < balanced.clips(split).size(); ++i) {
      REQUIRE(balanced.clips(split)[i].speaker == again.clips(split)[i].speaker);
      REQUIRE(balanced.clips(split)[i].word == again.clips(split)[i].word);
    }
  }
  REQUIRE(count(balanced, Split::train, balanced.unknown_label()) ==
          count(all, Split::train, all.unknown_label()));
}

TEST_CASE("a balanced test set is the test split, with its own unknown words and silence") {
  const TemporaryFolder folder;
  write_public_data(folder.path() / "data", 12);
  const fs::path official = folder.path() / "test_set";
  write_words(official, {"yes", "no"}, 4);
  for (int i = 0; i < 5; ++i) {
    write_clip(official / "_unknown_" / ("speaker" + std::to_string(i) + "_nohash_1.wav"),
               tone(1, 700, 0.3, 0.7));
    write_clip(official / "_silence_" / ("hum" + std::to_string(i) + ".wav"), tone(1, 50, 0, 1));
  }
  DataOptions options = options_for(folder, {"yes", "no"});
  const Dataset before(options);
  options.test_words = {official};
  options.balanced = true;
  const Dataset dataset(options);
  REQUIRE(dataset.words() == before.words());
  REQUIRE(count(dataset, Split::test, 0) == 4);
  REQUIRE(count(dataset, Split::test, 1) == 4);
  REQUIRE(count(dataset, Split::test, dataset.unknown_label()) == 5);
  REQUIRE(count(dataset, Split::test, dataset.silence_label()) == 5);
  REQUIRE(dataset.clips(Split::train).size() == before.clips(Split::train).size());
  REQUIRE(dataset.summary().find("silence             0          0        5") != std::string::npos);
  for (const Clip& clip : dataset.clips(Split::test)) {
    REQUIRE(dataset.word_of(clip) ==
            (clip.label < 2 ? dataset.words()[static_cast<std::size_t>(clip.label)] : ""));
  }
}

TEST_CASE("_unknown_ and _silence_ among the words are no words, other folders of that kind are named") {
  const TemporaryFolder folder;
  const fs::path data = folder.path() / "data";
  write_words(data, {"yes", "no", "_other_"}, 12);
  for (int s = 0; s < 12; ++s) {
    const std::string name = "speaker" + std::to_string(s) + "_nohash_0.wav";
    write_clip(data / "_unknown_" / name, tone(1, 700, 0.3, 0.7));
    write_clip(data / "_silence_" / name, tone(1, 50, 0, 1));
  }
  const Dataset dataset(options_for(folder, {"yes", "no"}));
  REQUIRE(dataset.words() == std::vector<std::string>{"yes", "no"});
  std::size_t unknown = 0, silence = dataset.noise(Split::train).size();
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    unknown += count(dataset, split, dataset.unknown_label());
    silence += count(dataset, split, dataset.silence_label());
  }
  REQUIRE(unknown == 12);
  REQUIRE(silence == 12);
  REQUIRE(count(dataset, Split::train, dataset.silence_label()) == 0);
}
