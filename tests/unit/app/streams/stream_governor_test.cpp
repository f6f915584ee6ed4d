// Which of many streams become thinner.
#include "app/streams/stream_governor.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace kwsd;

namespace {

struct Streams {
  StreamGovernor governor;
  std::vector<std::shared_ptr<StreamGovernor::Member>> members;
  std::vector<double> costs;  // seconds of work a second in the full branch
  std::vector<StreamGovernor::Change> changes;
  double now = 100;

  explicit Streams(std::vector<double> of_each) : costs(std::move(of_each)) {
    for (std::size_t i = 0; i < costs.size(); ++i) {
      members.push_back(governor.join("stream " + std::to_string(i)));
    }
  }

  void live(double seconds, double busy) {
    for (const double end = now + seconds; now < end; now += 0.25) {
      for (std::size_t i = 0; i < members.size(); ++i) {
        const double share = members[i]->branch() == BranchId::full   ? 1
                             : members[i]->branch() == BranchId::half ? 0.8
                                                                      : 0.7;
        members[i]->spent(0.25 * share * costs[i]);
      }
      for (auto& change : governor.update(now, {busy, std::nullopt}, 0)) {
        changes.push_back(std::move(change));
      }
    }
  }

  [[nodiscard]] std::string branches() const {
    std::string text;
    for (const auto& member : members) {
      text += branch_name(member->branch())[0];
    }
    return text;
  }
};

}  // namespace

TEST_CASE("the streams that cost most become thinner, and the governor says which") {
  Streams streams({0.01, 0.01, 0.30, 0.01, 0.01, 0.20, 0.01, 0.01});
  streams.live(10, 0.3);
  REQUIRE(streams.branches() == "ffffffff");
  REQUIRE(streams.changes.empty());
  streams.live(10, 0.85);  // half: the stream that makes half of the work
  REQUIRE(streams.branches() == "ffhfffff");
  REQUIRE(streams.changes.size() == 1);
  REQUIRE(streams.changes[0].name == "stream 2");
  REQUIRE(streams.changes[0].branch == BranchId::half);
  REQUIRE(streams.changes[0].share == Approx(0.30 / 0.56).epsilon(0.05));
  streams.live(8, 0.99);
  REQUIRE(streams.branches() == "hhqhhhhh");
  streams.live(40, 0.2);
  REQUIRE(streams.branches() == "ffffffff");
}

TEST_CASE("streams that cost the same: two fifths of them become thinner, and stay those") {
  Streams streams(std::vector<double>(64, 0.01));
  streams.live(10, 0.3);
  streams.live(60, 0.85);
  REQUIRE(streams.changes.size() == 26);
  const std::string branches = streams.branches();
  REQUIRE(std::count(branches.begin(), branches.end(), 'h') == 26);
  streams.live(60, 0.85);
  REQUIRE(streams.branches() == branches);
  REQUIRE(streams.changes.size() == 26);
}

TEST_CASE("a stream that comes to cost most is chosen within ten seconds, one that has left is forgotten") {
  Streams streams({0.2, 0.1, 0.01});
  streams.live(10, 0.3);
  streams.live(10, 0.85);
  REQUIRE(streams.branches() == "hff");
  streams.costs = {0.01, 0.01, 0.4};
  streams.live(15, 0.85);
  REQUIRE(streams.branches() == "ffh");
  streams.members.pop_back();
  streams.live(15, 0.85);
  REQUIRE((streams.branches() == "hf" || streams.branches() == "fh"));
}

TEST_CASE("one stream alone follows the governor, without work nothing changes") {
  Streams one({0.1});
  one.live(5, 0.3);
  one.live(5, 0.99);
  REQUIRE(one.branches() == "q");
  Streams idle({0, 0});
  idle.live(5, 0.99);
  REQUIRE(idle.branches() != "qq");
  Streams none({});
  none.live(5, 0.99);
  REQUIRE(none.changes.empty());
}
