// In builds without XNNPACK.
#include "app/bench/float_net.h"
#include "engine/model/error.h"

namespace kwsd {

struct FloatNet::Impl {};

std::string_view FloatNet::library() noexcept {
  return "";
}
FloatNet::FloatNet(const Model& /*model*/) {
  throw Error(ErrorKind::unavailable, "this kwsd was built without XNNPACK");
}
FloatNet::~FloatNet() = default;
void FloatNet::run_whole(BranchId /*branch*/) noexcept {}
void FloatNet::run_in_stream(BranchId /*branch*/) noexcept {}

}  // namespace kwsd
