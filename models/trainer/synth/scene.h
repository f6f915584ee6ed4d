// A recording made from a script: the voices, their texts and the pauses. Thread: any.
#pragma once

#include <filesystem>

namespace kwsd::train {

/// Reads a scene, speaks it into one 16 kHz file and writes the labels (start, end in seconds, word; tab
/// separated). A line of the scene, tab separated: pause before it in seconds; engine/voice, optionally
/// @pace; label, or - for speech that is none; text. "#" starts a comment; a line "noise <dB>" sets the level
/// of a faint pink noise under everything. Throws Error: no_input, bad_data naming the line, io.
void make_scene(const std::filesystem::path& scene, const std::filesystem::path& output,
                const std::filesystem::path& labels);

}  // namespace kwsd::train
