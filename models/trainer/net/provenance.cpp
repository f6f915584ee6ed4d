#include "models/trainer/net/provenance.h"

#include <nlohmann/json.hpp>

namespace kwsd::train {
namespace {

using nlohmann::json;

json recipe_of(const NetInfo& info) {
  json recipe = json::parse(info.recipe, nullptr, false);
  if (!recipe.is_object()) {
    recipe = json::object();
  }
  for (auto& values : recipe) {
    for (auto& value : values) {
      if (!value.is_string()) {
        continue;
      }
      const auto text = value.get<std::string>();
      const auto word = text.find('=');
      const auto begin = word == std::string::npos ? 0 : word + 1;
      const auto slash = text.rfind('/');
      if (slash != std::string::npos && slash >= begin) {
        value = text.substr(0, begin) + text.substr(slash + 1);
      }
    }
  }
  return {{"made_by", "kwsd-train"}, {"epochs", info.epochs_done}, {"recipe", recipe}};
}

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json object_of(const std::string& text) {
  json all = json::parse(text, nullptr, false);
  return all.is_object() ? all : json::object();
}

}  // namespace

std::string provenance(const NetInfo& info) {
  return text_of(recipe_of(info));
}

void add_second_stage(Model& model, const NetInfo& second) {
  json all = object_of(model.provenance);
  all.erase("calibration");
  all["second_stage"] = recipe_of(second);
  model.provenance = text_of(all);
}

void copy_second_stage(Model& model, const Model& from) {
  json all = object_of(model.provenance);
  all["second_stage"] = object_of(from.provenance).value("second_stage", json::object());
  model.provenance = text_of(all);
}

}  // namespace kwsd::train
