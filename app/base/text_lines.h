// Text files that users and other programs write: lists, labels, transcripts. Thread: any.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string_view>

namespace kwsd {

/// Calls visit(number, line) for each line, numbers from 1, without its line break (LF or CR LF) and without
/// a byte order mark before the first. Throws Error: no_input where the file cannot be read, with the reason;
/// bad_data for UTF-16 and for a line of more than most_bytes.
void for_each_line(const std::filesystem::path& file, std::size_t most_bytes,
                   const std::function<void(int number, std::string_view line)>& visit);

}  // namespace kwsd
