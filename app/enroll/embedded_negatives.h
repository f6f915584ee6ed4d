// The negatives as the base network sees them: computed once, for any number of words. Thread: one (runs are
// embedded on several).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "app/enroll/discriminant.h"
#include "app/enroll/embeddings.h"
#include "app/enroll/negatives.h"

namespace kwsd {

struct EmbeddedNegatives {
  EmbeddedNegatives(const Network& network, const Negatives& negatives, unsigned threads);

  Embeddings all;                      ///< of every branch; ends are samples of one stream
  std::vector<std::size_t> run_of;     ///< [windows of all]
  std::vector<std::int64_t> frame_of;  ///< [windows of all]: the last one, of the run, from 1
  std::vector<double> mean;            ///< (size)
  std::optional<Cholesky> covariance;  ///< always there

 private:
  void embed(const Network& network, const Negatives& negatives, unsigned threads);
  void sum(const Negatives& negatives, unsigned threads);
};

}  // namespace kwsd
