# The server for Home Assistant and satellites: a unit with a network and without a microphone. The program is kwsd's.
install(FILES kwsd-wyoming.service kwsd-wyoming.socket DESTINATION ${unit_folder}/system COMPONENT kwsd-wyoming)
install(FILES ${PROJECT_SOURCE_DIR}/config/avahi/kwsd-wyoming.service
  DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/avahi/services COMPONENT kwsd-wyoming)
debian_package(kwsd-wyoming
  DEPENDS "kwsd (>= ${PROJECT_VERSION})"
  RECOMMENDS "avahi-daemon"
  DESCRIPTION
"wake-word server of the keyword-spotting daemon
Serves wake words to Home Assistant and to satellites in the Wyoming
protocol, on port 10400. It opens no microphone: clients send the sound.")
