// The stages of a net. WindowNet and StepNet keep theirs in one list each: Stream::classify runs the list
// from its begin to its end, `kwsd bench` and the cost check repeat the stages of one kind. Thread: any,
// pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace kwsd {

enum class Stage : std::uint8_t { mfcc, front_end, memory, expand, project, classifier };
inline constexpr int stage_count = 6;
inline constexpr std::array<std::string_view, stage_count> stage_names{"mfcc",   "front_end", "memory",
                                                                       "expand", "project",   "classifier"};

/// A stage of a branch. The MFCC are computed before the net.
struct NetStage {
  Stage stage = Stage::front_end;
  std::size_t block = 0;  ///< of memory, expand and project: position in the branch
};

/// front_end; memory, expand and project of each block; classifier.
[[nodiscard]] inline std::vector<NetStage> net_stages(std::size_t blocks) {
  std::vector<NetStage> stages{{Stage::front_end, 0}};
  for (std::size_t block = 0; block < blocks; ++block) {
    for (const Stage stage : {Stage::memory, Stage::expand, Stage::project}) {
      stages.push_back({stage, block});
    }
  }
  stages.push_back({Stage::classifier, 0});
  return stages;
}

}  // namespace kwsd
