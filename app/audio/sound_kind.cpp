#include "app/audio/sound_kind.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace kwsd {
namespace {

using Bytes = std::span<const unsigned char>;

struct Magic {
  std::size_t at;
  std::string_view bytes, kind;
};

constexpr Magic readable[] = {{8, "WAVE", "WAV"},     {0, "fLaC", "FLAC"}, {0, "OggS", "Ogg"},
                              {8, "AIFF", "AIFF"},    {8, "AIFC", "AIFF"}, {0, ".snd", "AU"},
                              {0, "dns.", "AU"},      {0, "caff", "CAF"},  {0, "riff\x2e\x91\xcf\x11", "W64"},
                              {0, "NIST_1A", "NIST"}, {0, "ID3", "MP3"}};

using std::string_view_literals::operator""sv;
constexpr Magic unreadable[] = {{4, "ftyp", "MPEG-4"},
                                {0, "\x1a\x45\xdf\xa3", "Matroska or WebM"},
                                {0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media"},
                                {0, "\xff\xf1", "AAC"},
                                {0, "\xff\xf9", "AAC"},
                                {0, "ADIF", "AAC"},
                                {0, "#!AMR", "AMR"},
                                {0, "MAC ", "Monkey's Audio"},
                                {0, "wvpk", "WavPack"},
                                {0, "TTA1", "True Audio"},
                                {0, ".RMF", "RealMedia"},
                                {8, "AVI ", "AVI"},
                                {0, "FLV\x01", "Flash Video"},
                                {0, "SQLite format 3"sv, "SQLite (an Audacity project)"}};

bool matches(const Magic& magic, Bytes begin) noexcept {
  return begin.size() >= magic.at + magic.bytes.size() &&
         std::equal(magic.bytes.begin(), magic.bytes.end(),
                    begin.begin() + static_cast<std::ptrdiff_t>(magic.at),
                    [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; });
}

/// The extension in ASCII lower case.
std::string extension_of(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(c < 0x80 ? std::tolower(c) : c); });
  return extension;
}

}  // namespace

bool has_sound_header(Bytes begin) noexcept {
  return std::any_of(std::begin(readable), std::end(readable),
                     [begin](const Magic& magic) { return matches(magic, begin); });
}

std::string_view unreadable_kind(Bytes begin) noexcept {
  const auto* found = std::find_if(std::begin(unreadable), std::end(unreadable),
                                   [begin](const Magic& magic) { return matches(magic, begin); });
  return found == std::end(unreadable) ? std::string_view{} : found->kind;
}

NameKind kind_of_name(const std::filesystem::path& file) {
  static const std::set<std::string> sounds{".wav", ".wave", ".flac", ".ogg", ".oga", ".opus",
                                            ".aif", ".aiff", ".aifc", ".au",  ".snd", ".mp3",
                                            ".w64", ".caf",  ".rf64", ".sph"};
  static const std::set<std::string> others{".m4a", ".m4b", ".aac", ".mp4", ".mov",  ".webm", ".mka",
                                            ".mkv", ".wma", ".wmv", ".asf", ".amr",  ".3gp",  ".3ga",
                                            ".ape", ".wv",  ".tta", ".ra",  ".rm",   ".avi",  ".flv",
                                            ".ac3", ".dts", ".mpc", ".aup", ".aup3", ".m4v"};
  static const std::set<std::string> texts{".txt", ".tsv",      ".csv", ".json", ".md",   ".html", ".xml",
                                           ".log", ".lab",      ".srt", ".vtt",  ".toml", ".yaml", ".yml",
                                           ".py",  ".textgrid", ".sh",  ".pdf",  ".png",  ".jpg",  ".jpeg",
                                           ".svg", ".zip",      ".gz",  ".tar",  ".ini",  ".db"};
  const std::string extension = extension_of(file);
  return sounds.contains(extension)   ? NameKind::sound
         : others.contains(extension) ? NameKind::unreadable
         : texts.contains(extension)  ? NameKind::no_sound
                                      : NameKind::other;
}

std::string conversion_of(const std::filesystem::path& file) {
  const std::filesystem::path name = file.filename();
  return "ffmpeg -i " + name.string() + " -ar 16000 -ac 1 " + name.stem().string() + ".wav";
}

}  // namespace kwsd
