// kwsd mqtt: a client of an MQTT broker.
#include "app/base/log.h"
#include "app/commands/commands.h"
#include "app/network/mqtt_service.h"
#include "app/settings/config.h"
#include "app/settings/settings.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

/// Values of the flags that still have to be converted.
struct MqttFlags {
  MqttOptions options;
  RunOptions settings;
  std::string broker = "mqtt://localhost", credentials;
};

std::string check_id(const std::string& text) {
  return is_mqtt_id(text) ? ""
                          : "found '" + printable(text) + "', expected 1 to 64 letters, digits, '_' and '-'";
}

std::string check_prefix(const std::string& text) {
  const bool usable = is_utf8(text) && text.size() <= 256 && text.find_first_of("+#\n") == std::string::npos;
  return usable ? "" : "found '" + printable(text) + "', expected levels of a topic without '+' and '#'";
}

void add_broker_flags(CLI::App& command, MqttFlags& flags) {
  MqttBroker& broker = flags.options.client.broker;
  command
      .add_option("--broker", flags.broker, "The broker: mqtt://HOST[:PORT], or mqtts://HOST[:PORT] for TLS")
      ->type_name("URI");
  command
      .add_option("--credentials", flags.credentials,
                  "A file with the user in the first line and the password in the second")
      ->type_name("FILE");
  command
      .add_option("--ca-file", broker.ca_file,
                  "The certificates that sign the broker's. Default: those of the system")
      ->type_name("FILE");
  command.add_option("--cert-file", broker.cert_file, "This client's certificate")->type_name("FILE");
  command.add_option("--key-file", broker.key_file, "The key of that certificate, without a passphrase")
      ->type_name("FILE");
  command
      .add_option("--keepalive-seconds", broker.keepalive_seconds,
                  "A broker takes this client for dead after one and a half times as long without a word")
      ->check(CLI::Range(5, 3600));
}

void add_identity_flags(CLI::App& command, MqttIdentity& identity) {
  const CLI::Validator is_id(check_id, ""), is_prefix(check_prefix, "");
  command
      .add_option(
          "--id", identity.id,
          "The name of this kwsd in topics: PREFIX/ID/detection. Default: the name of the machine, and "
          "12 digits of its own")
      ->type_name("ID")
      ->check(is_id);
  command.add_option("--name", identity.name, "The name that Home Assistant shows. Default: the id")
      ->type_name("TEXT");
  command
      .add_option("--group", identity.groups,
                  "Also obey commands to PREFIX/GROUP. May be given several times.")
      ->expected(1)
      ->take_all()
      ->type_name("GROUP")
      ->check(is_id);
  command.add_option("--prefix", identity.prefix, "The first level of the topics")
      ->type_name("TOPIC")
      ->check(is_prefix);
  command
      .add_option("--discovery-prefix", identity.discovery_prefix,
                  "The first level of Home Assistant's discovery topics; empty: no discovery")
      ->type_name("TOPIC")
      ->check(is_prefix);
  command.add_flag("--hermes", identity.hermes,
                   "Also publish and obey the topics of Rhasspy (hermes/hotword)");
}

void add_delivery_flags(CLI::App& command, MqttClientOptions& client) {
  command
      .add_option(
          "--expiry-seconds", client.expiry_seconds,
          "A detection that is older is not delivered. Default: 75 s and the spread, at least 90 s, so "
          "that an outage of a minute loses none")
      ->check(CLI::Range(2.0, 86400.0))
      ->check(CLI::Validator(check_number, ""));
  command
      .add_option("--queue-size", client.queue_size,
                  "Detections to keep while the broker is away; the oldest are dropped")
      ->check(CLI::Range(1, 100000));
  command
      .add_option(
          "--spread-seconds", client.spread_seconds,
          "After a loss, wait a random time between 1 s and this before connecting again; for N clients, "
          "choose at least N / 10")
      ->check(CLI::Range(1.0, 3600.0))
      ->check(CLI::Validator(check_number, ""));
}

int run_mqtt(MqttFlags& flags, CLI::App& command) {
  load_config(command);
  set_up_log(flags.settings.log_level);
  MqttOptions& options = flags.options;
  const MqttBroker where = parse_broker(flags.broker);
  options.client.broker.host = where.host;
  options.client.broker.port = where.port;
  options.client.broker.tls = where.tls;
  if (!flags.credentials.empty()) {
    read_credentials(flags.credentials, options.client.broker);
  }
  MqttIdentity& identity = options.client.identity;
  identity.id = identity.id.empty() ? default_mqtt_id() : identity.id;
  identity.name = identity.name.empty() ? identity.id : identity.name;
  run_mqtt_service(options);
  return 0;
}

}  // namespace

void add_mqtt_command(CLI::App& app, Command& selected) {
  CLI::App* command =
      app.add_subcommand("mqtt", "Publish the detections of a running kwsd to an MQTT broker");
  const auto flags = std::make_shared<MqttFlags>();
  add_broker_flags(*command, *flags);
  add_identity_flags(*command, flags->options.client.identity);
  add_delivery_flags(*command, flags->options.client);
  command->add_option("--events", flags->options.events, "The event socket of kwsd")->type_name("PATH");
  command
      ->add_option("--control", flags->options.control,
                   "The control socket of kwsd, through which kwsd obeys the broker; empty: it does not")
      ->type_name("PATH");
  add_settings(*command, flags->settings, {"log-level"});
  add_config_option(*command);
  command->callback(
      [&selected, flags, command] { selected = [flags, command] { return run_mqtt(*flags, *command); }; });
}

}  // namespace kwsd
