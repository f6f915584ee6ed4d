// What a keyword may be called, and when two names are the same word.
#include "app/base/words.h"

#include <catch2/catch.hpp>

#include "engine/model/error.h"

using namespace kwsd;

TEST_CASE("names of the same word are the same, however they are written") {
  const std::string composed =
                        "\xC3\xBC"
                        "ber",
                    decomposed =
                        "u\xCC\x88"
                        "ber";
  CHECK(normal_form(decomposed) == composed);
  CHECK(word_key("\xC3\x9C"
                 "BER") == composed);
  for (const char* name : {"Stop", "STOP", "stop ", " stop", "stop\xC2\xA0", "_stop_"}) {
    CAPTURE(name);
    CHECK(same_word(name, "stop"));
  }
  for (const char* name : {"hey_computer", "Hey  Computer", "hey\tcomputer"}) {
    CAPTURE(name);
    CHECK(same_word(name, "hey computer"));
  }
  CHECK(same_word(decomposed, composed));
  CHECK(
      same_word("Stra\xC3\x9F"
                "e",
                "STRASSE"));
  for (const char* name : {"stops", "s top", "sto", ""}) {
    CAPTURE(name);
    CHECK_FALSE(same_word(name, "stop"));
  }
  CHECK(word_key("\xFF NO") == "\xFF no");
}

TEST_CASE("one rule says what can be a keyword") {
  for (const char* word : {"stop", "hey computer", "zoom_in", "o'clock", "x-ray", "7",
                           "\xC3\xBC"
                           "ber uns",
                           "نعم"}) {
    CAPTURE(word);
    CHECK_NOTHROW(check_keyword(word, "WORD"));
  }
  for (const char* word : {"",
                           " ",
                           "stop ",
                           " stop",
                           "hey  computer",
                           "a/b",
                           "..",
                           ".x",
                           "_silence_",
                           "-x",
                           "a,b",
                           "a=b",
                           "a\nb",
                           "what?",
                           "\xFF",
                           "unknown",
                           "Silence",
                           "a\xC2\xA0"
                           "b",
                           "a\xE2\x80\xAE"
                           "b",
                           "a\xE2\x80\x8B",
                           "0123456789012345678901234567890123456789012345678901234567890123456789"}) {
    CAPTURE(word);
    CHECK_THROWS_WITH(check_keyword(word, "WORD"), Catch::StartsWith("WORD: found '"));
  }
}

TEST_CASE("the entries of a list lose the blanks around them") {
  CHECK(trimmed(std::vector<std::string>{"stop", " go", "hey computer ", " ", ""}) ==
        std::vector<std::string>{"stop", "go", "hey computer"});
}
