#include "app/network/room_arbiter.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace kwsd {

void RoomArbiter::hear(std::uint64_t stream, double now) {
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [stream](const Active& active) { return active.stream == stream; });
  found == streams_.end() ? streams_.push_back({stream, now}) : void(found->last = now);
}

void RoomArbiter::forget(std::uint64_t stream) {
  std::erase_if(streams_, [stream](const Active& active) { return active.stream == stream; });
  std::erase_if(verdicts_, [stream](const Verdict& verdict) { return verdict.stream == stream; });
  for (Contest& contest : contests_) {
    std::erase_if(contest.claims, [stream](const Claim& claim) { return claim.stream == stream; });
  }
}

bool RoomArbiter::alone(std::uint64_t stream, double now) const {
  return std::none_of(streams_.begin(), streams_.end(), [&](const Active& other) {
    return other.stream != stream && now - other.last < active_seconds;
  });
}

void RoomArbiter::claim(Claim claim, double now) {
  const auto contest = std::find_if(contests_.begin(), contests_.end(), [&](const Contest& other) {
    return other.word == claim.word && now < other.opened + straggler_seconds;
  });
  if (contest == contests_.end()) {
    if (alone(claim.stream, now)) {
      verdicts_.push_back({claim.stream, std::move(claim.win)});
      return;
    }
    std::string word = claim.word;
    contests_.push_back({std::move(word), now, true, {}});
    contests_.back().claims.push_back(std::move(claim));
  } else if (contest->open && now < contest->opened + window_seconds) {
    contest->claims.push_back(std::move(claim));
  } else {
    verdicts_.push_back({claim.stream, std::move(claim.lose)});
  }
}

/// Of equal SNRs the first wins.
void RoomArbiter::close(Contest& contest) {
  contest.open = false;
  const auto best = std::max_element(contest.claims.begin(), contest.claims.end(),
                                     [](const Claim& a, const Claim& b) { return a.snr_db < b.snr_db; });
  for (auto claim = contest.claims.begin(); claim != contest.claims.end(); ++claim) {
    verdicts_.push_back({claim->stream, std::move(claim == best ? claim->win : claim->lose)});
  }
  contest.claims.clear();
}

std::vector<RoomArbiter::Verdict> RoomArbiter::decided(double now) {
  for (Contest& contest : contests_) {
    if (contest.open && now >= contest.opened + window_seconds) {
      close(contest);
    }
  }
  std::erase_if(contests_,
                [now](const Contest& contest) { return now >= contest.opened + straggler_seconds; });
  return std::exchange(verdicts_, {});
}

double RoomArbiter::due() const {
  double next = std::numeric_limits<double>::infinity();
  for (const Contest& contest : contests_) {
    next = contest.open ? std::min(next, contest.opened + window_seconds) : next;
  }
  return verdicts_.empty() ? next : 0;
}

}  // namespace kwsd
