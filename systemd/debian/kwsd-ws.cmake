# The server for cameras, browsers and apps: a unit with a port and without a microphone. The program is kwsd's.
install(FILES kwsd-ws.service kwsd-ws.socket DESTINATION ${unit_folder}/system COMPONENT kwsd-ws)
debian_package(kwsd-ws
  DEPENDS "kwsd (>= ${PROJECT_VERSION})"
  DESCRIPTION
"WebSocket server of the keyword-spotting daemon
Spots keywords in the sound of cameras, browsers and apps, in the form of
vosk-server, on port 2700 of this machine. It opens no microphone: clients
send the sound.")
