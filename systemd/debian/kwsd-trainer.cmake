# The trainer is a package of its own: nobody who runs kwsd wants libtorch.
install(TARGETS kwsd-train DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT kwsd-trainer)
install(FILES ${PROJECT_SOURCE_DIR}/models/base.pt ${PROJECT_SOURCE_DIR}/models/base.md
  DESTINATION ${CMAKE_INSTALL_DATADIR}/kwsd/models COMPONENT kwsd-trainer)
install_gzipped(kwsd-trainer ${manuals}/kwsd-train.1 ${CMAKE_INSTALL_MANDIR}/man1 kwsd-train.1)
debian_package(kwsd-trainer PROGRAM kwsd-train
  DEPENDS "kwsd (>= ${PROJECT_VERSION})"
  RECOMMENDS "espeak-ng, flite, libopenblas0-pthread"
  DESCRIPTION
"trainer of models for the keyword-spotting daemon
Makes a model that kwsd spots keywords with from a folder of recordings for
each word, and recordings with synthetic voices where there are none.")
