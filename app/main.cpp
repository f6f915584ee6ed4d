// kwsd: the commands.
#include "app/base/log.h"
#include "app/base/program.h"
#include "app/commands/commands.h"

int main(int argc, char** argv) {
  const auto add_commands = [](CLI::App& app, kwsd::Command& selected) {
    kwsd::add_run_command(app, selected);
    kwsd::add_ctl_command(app, selected);
    kwsd::add_live_command(app, selected);
    kwsd::add_devices_command(app, selected);
    kwsd::add_info_command(app, selected);
    kwsd::add_record_command(app, selected);
    kwsd::add_enroll_command(app, selected);
    kwsd::add_eval_command(app, selected);
    kwsd::add_mix_command(app, selected);
    kwsd::add_wyoming_command(app, selected);
    kwsd::add_ws_command(app, selected);
    kwsd::add_web_command(app, selected);
    kwsd::add_mqtt_command(app, selected);
    kwsd::add_metrics_command(app, selected);
    kwsd::add_bench_command(app, selected);
    kwsd::add_version_command(app, selected);
  };
  return kwsd::run_program(
      {"kwsd", "Spots spoken keywords in the signal of a microphone, a recording or a pipe.",
       [] { kwsd::set_up_log("info"); }, add_commands},
      argc, argv);
}
