file(GLOB models ${PROJECT_SOURCE_DIR}/models/*.kwsm)
list(TRANSFORM models REPLACE "[.]kwsm$" ".md" OUTPUT_VARIABLE cards)
list(REMOVE_ITEM cards ${PROJECT_SOURCE_DIR}/models/base.md)  # kwsd-trainer has it
install(TARGETS kwsd DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT kwsd)
# For Linux Voice Assistant (app/library/python/kwsd/lva.py).
set(manifests ${PROJECT_SOURCE_DIR}/models/computer.json ${PROJECT_SOURCE_DIR}/models/jarvis.json)
install(FILES ${models} ${cards} ${manifests} ${PROJECT_SOURCE_DIR}/models/negatives.kwsn
  ${PROJECT_SOURCE_DIR}/models/negatives.md DESTINATION ${CMAKE_INSTALL_DATADIR}/kwsd/models COMPONENT kwsd)
install(FILES ${PROJECT_SOURCE_DIR}/config/kwsd.toml DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/kwsd COMPONENT kwsd)
install(FILES kwsd.service kwsd.socket DESTINATION ${unit_folder}/system COMPONENT kwsd)
install(FILES user/kwsd.service user/kwsd.socket user/kwsd-web.service user/kwsd-web.socket DESTINATION ${unit_folder}/user COMPONENT kwsd)
install_gzipped(kwsd ${manuals}/kwsd.1 ${CMAKE_INSTALL_MANDIR}/man1 kwsd.1)
install_gzipped(kwsd ${manuals}/kwsd.toml.5 ${CMAKE_INSTALL_MANDIR}/man5 kwsd.toml.5)
install(FILES ${completion}/_kwsd DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT kwsd)
debian_package(kwsd PROGRAM kwsd
  RECOMMENDS "libasound2-plugins, pipewire-alsa"
  DESCRIPTION
"keyword-spotting daemon
Listens to a microphone, spots spoken keywords with a binarized neural
network, and writes each detection as a line of JSON: to the journal, to a
pipe, or to any number of programs on a local socket. Made for a Raspberry
Pi; nothing leaves the machine.")
