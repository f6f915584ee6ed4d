#include "app/audio/scan.h"

#include <locale.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <cwctype>
#include <fstream>
#include <sstream>

#include "engine/model/error.h"

namespace kwsd {
namespace {

namespace fs = std::filesystem;

bool is_sound(const fs::path& path) {
  static const std::set<std::string> extensions{".WAV", ".FLAC", ".OGG", ".OPUS", ".OGA", ".AIFF",
                                                ".AIF", ".AU",   ".MP3", ".W64",  ".CAF", ".RF64"};
  return extensions.contains(capitals(path.extension().string())) && path.filename().string().front() != '.';
}

[[noreturn]] void fail(const fs::path& folder, const std::error_code& error) {
  throw Error(ErrorKind::no_input,
              folder.string() + ": " +
                  (error ? error.message() : "not a folder; a folder of recordings was expected"));
}

void require_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    fail(folder, error);
  }
}

/// Calls visit(path) for every regular file below a folder. Links to folders are followed, but not back to
/// one that the walk is in; folders that may not be read are passed over.
template <class Visit>
void for_each_file(const fs::path& folder, Visit visit) {
  constexpr auto options =
      fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
  std::error_code error, ignored;
  std::vector<fs::path> above{fs::canonical(folder, ignored)};  // the folders that the walk is in
  fs::recursive_directory_iterator at(folder, options, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at->is_directory(ignored)) {
      above.resize(static_cast<std::size_t>(at.depth()) + 1);
      above.push_back(fs::canonical(at->path(), ignored));
      if (std::find(above.begin(), above.end() - 1, above.back()) != above.end() - 1) {
        at.disable_recursion_pending();
      }
    } else if (at->is_regular_file(ignored)) {
      visit(at->path());
    }
  }
  if (error) {
    fail(folder, error);
  }
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// Groups of English words that sound the same, as far as they are likely keywords.
const std::vector<std::vector<std::string>>& homophones() {
  static const std::vector<std::vector<std::string>> groups{
      {"NO", "KNOW"},          {"RIGHT", "WRITE", "WRIGHT", "RITE"},
      {"TWO", "TO", "TOO"},    {"FOUR", "FOR", "FORE"},
      {"ONE", "WON"},          {"EIGHT", "ATE"},
      {"BYE", "BY", "BUY"},    {"HI", "HIGH"},
      {"FORWARD", "FOREWORD"}, {"READ", "RED"}};
  return groups;
}

}  // namespace

std::string capitals(std::string_view text) {
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string out(text);
  std::wstring wide(out.size() + 1, L'\0');
  const locale_t before = uselocale(utf8);
  const std::size_t count = std::mbstowcs(wide.data(), out.c_str(), wide.size());
  if (count != static_cast<std::size_t>(-1)) {
    wide.resize(count);
    std::transform(wide.begin(), wide.end(), wide.begin(), [](wchar_t c) {
      return static_cast<wchar_t>(std::towupper(static_cast<std::wint_t>(c)));
    });
    out.resize(4 * count);
    out.resize(std::wcstombs(out.data(), wide.c_str(), out.size()));
  } else {
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  }
  uselocale(before);
  return out;
}

std::vector<fs::path> sound_files(const fs::path& folder) {
  std::error_code error;
  if (fs::is_regular_file(folder, error)) {
    return {folder};
  }
  require_folder(folder);
  std::vector<fs::path> files;
  for_each_file(folder, [&files](const fs::path& file) {
    if (is_sound(file)) {
      files.push_back(file);
    }
  });
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<fs::path> subfolders(const fs::path& folder) {
  require_folder(folder);
  std::vector<fs::path> folders;
  std::error_code error, ignored;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (at->is_directory(ignored)) {
      folders.push_back(at->path());
    }
  }
  if (error) {
    fail(folder, error);
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::set<std::string> read_list(const fs::path& file) {
  std::set<std::string> entries;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) {
      line.pop_back();
    }
    if (!line.empty()) {
      entries.insert(fs::path(line).replace_extension().generic_string());
    }
  }
  return entries;
}

std::string speaker_of(std::string_view stem) {
  if (const auto at = stem.find("_nohash_"); at != std::string_view::npos && at > 0) {
    return std::string(stem.substr(0, at));
  }
  if (const auto at = stem.find('_');
      at != std::string_view::npos && at >= 4 && all_digits(stem.substr(0, at))) {
    return std::string(stem.substr(0, at));
  }
  const auto first = stem.find('-');
  const auto second = first == std::string_view::npos ? first : stem.find('-', first + 1);
  if (second != std::string_view::npos && all_digits(stem.substr(0, first)) &&
      all_digits(stem.substr(first + 1, second - first - 1)) && all_digits(stem.substr(second + 1))) {
    return std::string(stem.substr(0, first));
  }
  return std::string(stem);
}

std::map<std::string, std::string> read_transcripts(const fs::path& folder) {
  std::map<std::string, std::string> transcripts;
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    return transcripts;
  }
  for_each_file(folder, [&transcripts](const fs::path& file) {
    if (!file.filename().string().ends_with(".trans.txt")) {
      return;
    }
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      const auto space = line.find(' ');
      if (space != std::string::npos) {
        transcripts[line.substr(0, space)] = capitals(std::string_view(line).substr(space + 1));
      }
    }
  });
  return transcripts;
}

bool says_any(std::string_view transcript, const std::vector<std::string>& words) {
  std::set<std::string> wanted;
  for (const std::string& word : words) {
    std::string capital = capitals(word);
    std::replace(capital.begin(), capital.end(), '_', ' ');
    wanted.insert(capital);
    for (const std::vector<std::string>& group : homophones()) {
      if (std::find(group.begin(), group.end(), capital) != group.end()) {
        wanted.insert(group.begin(), group.end());
      }
    }
  }
  std::istringstream in{std::string(transcript)};
  std::string said = " ";
  for (std::string word; in >> word;) {
    std::erase_if(word, [](unsigned char c) { return std::ispunct(c) != 0 && c != '\''; });
    said += word + ' ';
  }
  said = capitals(said);
  return std::any_of(wanted.begin(), wanted.end(),
                     [&said](const std::string& word) { return said.find(' ' + word + ' ') != said.npos; });
}

}  // namespace kwsd
