#include "models/trainer/data/negative_parts.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "app/base/random.h"

namespace kwsd::train {

NegativeParts split_negatives(const Negatives& negatives) {
  constexpr std::uint64_t parts = 4;
  Negatives training = negatives;
  Negatives held_out = negatives;
  training.runs.clear();
  held_out.runs.clear();
  std::vector<std::size_t> all(negatives.collections.size()), held(all.size());
  for (std::size_t r = 0; r < negatives.runs.size(); ++r) {
    const NegativeRun& run = negatives.runs[r];
    const bool out = (run.text.empty() ? r : stable_hash(run.text)) % parts == 0;
    (out ? held_out : training).runs.push_back(run);
    all[run.collection] += 1;
    held[run.collection] += out ? 1U : 0U;
  }
  for (std::size_t c = 0; c < all.size(); ++c) {
    held_out.collections[c].hours *=
        static_cast<double>(held[c]) / static_cast<double>(std::max<std::size_t>(1, all[c]));
  }
  return {std::make_shared<const Negatives>(std::move(training)),
          std::make_shared<const Negatives>(std::move(held_out))};
}

}  // namespace kwsd::train
