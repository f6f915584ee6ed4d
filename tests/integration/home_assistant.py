"""What Home Assistant's documentation says of MQTT discovery for a device (integrations/mqtt, "Device discovery payload",
and the pages of the platforms that kwsd uses): a checker of the documents that kwsd publishes."""
import re

AVAILABILITY = {"availability_topic", "availability_mode", "availability_template", "availability", "payload_available",
                "payload_not_available"}
ENTITY = AVAILABILITY | {"platform", "unique_id", "name", "icon", "entity_category", "object_id", "default_entity_id",
                         "enabled_by_default", "entity_picture", "json_attributes_topic", "json_attributes_template", "qos",
                         "encoding", "device_class"}
PLATFORMS = {  # platform: (required keys, further keys)
    "event": ({"state_topic", "event_types"}, ENTITY | {"value_template"}),
    "switch": ({"command_topic"}, ENTITY | {"state_topic", "payload_on", "payload_off", "state_on", "state_off", "optimistic",
                                            "retain", "value_template", "command_template"}),
    "number": ({"command_topic"}, ENTITY | {"state_topic", "min", "max", "step", "mode", "optimistic", "retain",
                                            "unit_of_measurement", "value_template", "command_template", "payload_reset"}),
    "binary_sensor": ({"state_topic"}, ENTITY | {"payload_on", "payload_off", "expire_after", "off_delay", "force_update",
                                                 "value_template"}),
    "device_automation": ({"automation_type", "topic", "type", "subtype"}, {"platform", "payload", "value_template", "qos"}),
}
ROOT = AVAILABILITY | {"device", "origin", "components", "state_topic", "command_topic", "qos", "encoding"}
DEVICE = {"identifiers", "connections", "name", "manufacturer", "model", "model_id", "hw_version", "sw_version",
          "serial_number", "suggested_area", "configuration_url", "via_device"}
DISCOVERY_TOPIC = re.compile(r"[^+#]+/device/([A-Za-z0-9_-]+/)?[A-Za-z0-9_-]+/config")


def faults_of_topic(where, value):
    if not isinstance(value, str) or not value or set(value) & set("+#\0") or len(value.encode()) > 65535:
        yield f"{where}: {value!r} cannot be published to"


def faults_of_component(key, component):
    platform = component.get("platform")
    if platform not in PLATFORMS:
        yield f"{key}: platform {platform!r}"
        return
    if set(component) == {"platform"}:  # removes the component
        return
    required, further = PLATFORMS[platform]
    yield from (f"{key}: {name} is missing" for name in required - set(component))
    yield from (f"{key}: unknown {name}" for name in set(component) - required - further)
    if platform != "device_automation" and not isinstance(component.get("unique_id"), str):
        yield f"{key}: an entity of a device needs a unique_id"
    for name in component:
        if name.endswith("topic"):
            yield from faults_of_topic(f"{key}.{name}", component[name])
    if platform == "event" and not (component["event_types"] and all(isinstance(t, str) for t in component["event_types"])):
        yield f"{key}: event_types is a list of strings with at least one"
    if platform == "number" and not component.get("min", 1) < component.get("max", 100):
        yield f"{key}: min is not below max"
    if platform == "number" and (component.get("step", 1) < 0.001 or component.get("mode", "auto") not in ("auto", "box", "slider")):
        yield f"{key}: step or mode"
    if platform == "device_automation" and component.get("automation_type") != "trigger":
        yield f"{key}: automation_type"
    if component.get("entity_category", "config") not in ("config", "diagnostic"):
        yield f"{key}: entity_category"
    if component.get("entity_category") == "config" and platform in ("event", "binary_sensor"):
        yield f"{key}: a sensor is never config"


def faults(topic, document):
    """What is wrong with a discovery document, as text."""
    if not DISCOVERY_TOPIC.fullmatch(topic):
        yield f"topic {topic}"
    yield from (f"unknown {name}" for name in set(document) - ROOT)
    device, origin, components = (document.get(name) for name in ("device", "origin", "components"))
    if not isinstance(device, dict) or not (device.get("identifiers") or device.get("connections")):
        yield "device: neither identifiers nor connections"
    else:
        yield from (f"device: unknown {name}" for name in set(device) - DEVICE)
    if not isinstance(origin, dict) or not origin.get("name") or set(origin) - {"name", "sw_version", "support_url"}:
        yield "origin"
    if document.get("qos", 0) not in (0, 1, 2):
        yield "qos"
    if not isinstance(components, dict) or not components:
        yield "components: none"
        return
    for key, component in components.items():
        yield from faults_of_component(key, component)
    ids = [c["unique_id"] for c in components.values() if "unique_id" in c]
    if len(ids) != len(set(ids)):
        yield "a unique_id is there twice"
    triggers = [(c["type"], c["subtype"]) for c in components.values() if "subtype" in c]
    if len(triggers) != len(set(triggers)):
        yield "a trigger is there twice"
