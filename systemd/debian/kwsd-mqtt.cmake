# The client of a broker: a unit with a network and without a microphone. The program is kwsd's.
install(FILES kwsd-mqtt.service DESTINATION ${unit_folder}/system COMPONENT kwsd-mqtt)
install(FILES ${PROJECT_SOURCE_DIR}/config/mqtt/kwsd-mqtt.default DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/default
  RENAME kwsd-mqtt COMPONENT kwsd-mqtt)
install(FILES ${PROJECT_SOURCE_DIR}/config/mqtt/mqtt.credentials DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/kwsd
  PERMISSIONS OWNER_READ OWNER_WRITE COMPONENT kwsd-mqtt)
install(FILES ${PROJECT_SOURCE_DIR}/config/mqtt/fleets.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/kwsd-mqtt COMPONENT kwsd-mqtt)
# A password is there for root alone.
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/kwsd-mqtt.overrides
  "kwsd-mqtt: non-standard-file-perm 0600 != 0644 [etc/kwsd/mqtt.credentials]\n")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/kwsd-mqtt.overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
  RENAME kwsd-mqtt COMPONENT kwsd-mqtt)
debian_package(kwsd-mqtt
  DEPENDS "kwsd (>= ${PROJECT_VERSION})"
  DESCRIPTION
"MQTT client of the keyword-spotting daemon
Publishes detections to an MQTT broker, where Home Assistant discovers them.
It opens no microphone: it reads the socket of the daemon.")
