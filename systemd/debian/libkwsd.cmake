# The C library and Python over it. The models come with kwsd.
set(library_folder lib)
if(CMAKE_LIBRARY_ARCHITECTURE)
  set(library_folder lib/${CMAKE_LIBRARY_ARCHITECTURE})
endif()
set(library ${PROJECT_SOURCE_DIR}/app/library)
set(built ${PROJECT_BINARY_DIR}/app/library)

install(TARGETS kwsd_shared LIBRARY DESTINATION ${library_folder} COMPONENT libkwsd0 NAMELINK_COMPONENT libkwsd-dev)
debian_package(libkwsd0
  SECTION libs
  RECOMMENDS kwsd
  DESCRIPTION
"keyword spotting for other programs: the shared library
Spots spoken keywords in streams of sound with a binarized neural network:
one set of models for any number of streams, about 100 kB each. The models
come with the package kwsd.")
# CPack calls ldconfig in scripts of its own, in addition to the trigger.
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/libkwsd0.overrides "libkwsd0: maintscript-calls-ldconfig\n")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/libkwsd0.overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
  RENAME libkwsd0 COMPONENT libkwsd0)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")

install(TARGETS kwsd_static ARCHIVE DESTINATION ${library_folder} COMPONENT libkwsd-dev)
install(FILES ${library}/kwsd.h DESTINATION include COMPONENT libkwsd-dev)
install(FILES ${built}/kwsd.pc DESTINATION ${library_folder}/pkgconfig COMPONENT libkwsd-dev)
install(FILES ${built}/kwsd-config.cmake ${built}/kwsd-config-version.cmake
  DESTINATION ${library_folder}/cmake/kwsd COMPONENT libkwsd-dev)
install(FILES ${library}/examples/spot.c ${library}/examples/spot.cpp
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libkwsd-dev/examples COMPONENT libkwsd-dev)
debian_package(libkwsd-dev
  SECTION libdevel
  DEPENDS "libkwsd0 (= ${PROJECT_VERSION}${KWSD_DEBIAN_SUFFIX})"
  DESCRIPTION
"keyword spotting for other programs: to build with it
The header, the static library, files for pkg-config and CMake, and examples
in C and C++, of libkwsd.")

install(DIRECTORY ${library}/python/kwsd DESTINATION lib/python3/dist-packages COMPONENT python3-kwsd
  FILES_MATCHING PATTERN "*.py" PATTERN "py.typed" PATTERN "__pycache__" EXCLUDE)
install(FILES ${library}/examples/spot.py DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/python3-kwsd/examples
  COMPONENT python3-kwsd)
debian_package(python3-kwsd
  SECTION python
  DEPENDS "python3:any, libkwsd0 (>= ${PROJECT_VERSION})"
  SUGGESTS "python3-sounddevice"
  DESCRIPTION
"keyword spotting for other programs: Python
Python over libkwsd, with the calls of Porcupine and an engine for Linux Voice
Assistant among it.")
set(CPACK_DEBIAN_PYTHON3-KWSD_PACKAGE_ARCHITECTURE all)
