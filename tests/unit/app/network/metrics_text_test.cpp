// The metrics of Prometheus, to the letter.
#include "app/network/metrics_text.h"

#include <catch2/catch.hpp>

using namespace kwsd;

namespace {

constexpr const char* status_answer =
    R"({"ok":true,"version":"0.2.0","input":"USB","device":"open","muted":false,"models":["commands"],)"
    R"("automatic":true,"clients":{"events":2,"control":1},"seconds":12.5,"load":0.25,"branch":"half","windows":130,)"
    R"("second_stage":{"openings":4,"windows":9,"seconds":0.125},"detections":3,"branch_changes":1,"overruns":0,)"
    R"("dropped":7,"level":-41.5})";
constexpr const char* keywords_answer =
    R"({"ok":true,"keywords":[{"keyword":"a\"b\\c\n","model":"commands","thresholds":{"full":0.8,"half":0.75,)"
    R"("quarter":1.0},"detections":3}]})";

}  // namespace

TEST_CASE("the metrics of a kwsd that listens") {
  const std::string text = metrics_text(status_answer, keywords_answer);
  for (const char* line :
       {"# HELP kwsd_up Whether kwsd answers.\n# TYPE kwsd_up gauge\nkwsd_up 1\n",
        "kwsd_build_info{version=\"0.2.0\"} 1\n", "kwsd_device_up 1\n", "kwsd_muted 0\n",
        "kwsd_level_dbfs -41.5\n", "kwsd_load_ratio 0.25\n",
        "kwsd_branch{branch=\"full\"} 0\nkwsd_branch{branch=\"half\"} 1\n",
        "kwsd_clients{socket=\"events\"} 2\nkwsd_clients{socket=\"control\"} 1\n",
        "kwsd_stream_seconds_total 12.5\n", "kwsd_windows_total 130\n",
        "kwsd_second_stage_openings_total 4\n", "kwsd_second_stage_seconds_total 0.125\n",
        "kwsd_branch_changes_total 1\n", "kwsd_overrun_samples_total 0\n", "kwsd_dropped_events_total 7\n",
        "kwsd_detections_total{keyword=\"a\\\"b\\\\c\\n\",model=\"commands\"} 3\n",
        "kwsd_threshold_ratio{keyword=\"a\\\"b\\\\c\\n\",model=\"commands\",branch=\"half\"} 0.75\n"}) {
    INFO(line);
    CHECK(text.find(line) != std::string::npos);
  }
  CHECK(text.find("clips") == std::string::npos);  // none are kept
}

TEST_CASE("answers that are none count as down, and members of another type are left out") {
  const std::string down = "# HELP kwsd_up Whether kwsd answers.\n# TYPE kwsd_up gauge\nkwsd_up 0\n";
  CHECK(metrics_text("", "") == down);
  CHECK(metrics_text(status_answer, "") == down);
  CHECK(metrics_text(R"({"error":"no","code":2})", keywords_answer) == down);
  CHECK(metrics_text("[1]", keywords_answer) == down);
  const std::string odd =
      metrics_text(R"({"ok":true,"clients":7,"second_stage":[],"level":"x","windows":null})",
                   R"({"ok":true,"keywords":[1,{"detections":"x","thresholds":{"full":[]}}]})");
  CHECK(odd.find("kwsd_up 1\n") != std::string::npos);
  CHECK(odd.find("kwsd_level_dbfs") == std::string::npos);
  CHECK(odd.find("kwsd_detections_total") == std::string::npos);
}
