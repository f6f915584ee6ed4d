#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/commands/model_info.h"
#include "app/settings/model_store.h"
#include "engine/kernels/kernels.h"
#include "engine/model/model_file.h"

namespace kwsd {

namespace {

struct InfoOptions {
  std::string model = "commands";
  bool json = false;
  bool details = false;
};

int show_info(const InfoOptions& options) {
  const std::filesystem::path file = find_model(options.model);
  const Model model = load_model(file);
  const nlohmann::ordered_json info = describe_model(model, file);
  const std::string text =
      options.json ? info.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n'
                   : describe_text(info, options.details);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace

void add_info_command(CLI::App& app, Command& selected) {
  CLI::App* command = app.add_subcommand("info", "Show a model's details and the available kernel sets");
  const auto options = std::make_shared<InfoOptions>();
  command->add_option("MODEL,-m,--model", options->model, "A model file, or the name of a shipped model")
      ->type_name("MODEL");
  command->add_flag("--details", options->details, "Also show each layer and the provenance of the model");
  command->add_flag("--json", options->json, "Everything as one JSON object");
  command->callback([&selected, options] { selected = [options] { return show_info(*options); }; });
}

}  // namespace kwsd
