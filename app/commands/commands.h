// The subcommands of kwsd, one file each. Thread: main, set-up.
#pragma once

#include "app/base/program.h"

namespace kwsd {

/// Each function registers its subcommand and options with `app`. If the command line names the subcommand,
/// parsing sets `selected`, which main runs afterwards: parsing itself has no other effect.
void add_bench_command(CLI::App& app, Command& selected);
void add_ctl_command(CLI::App& app, Command& selected);
void add_devices_command(CLI::App& app, Command& selected);
void add_enroll_command(CLI::App& app, Command& selected);
void add_eval_command(CLI::App& app, Command& selected);
void add_info_command(CLI::App& app, Command& selected);
void add_live_command(CLI::App& app, Command& selected);
void add_metrics_command(CLI::App& app, Command& selected);
void add_mix_command(CLI::App& app, Command& selected);
void add_mqtt_command(CLI::App& app, Command& selected);
void add_record_command(CLI::App& app, Command& selected);
void add_run_command(CLI::App& app, Command& selected);
void add_version_command(CLI::App& app, Command& selected);
void add_web_command(CLI::App& app, Command& selected);
void add_wyoming_command(CLI::App& app, Command& selected);
void add_ws_command(CLI::App& app, Command& selected);

}  // namespace kwsd
