#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

// As with Catch2 3, a name that no test has is an error: ctest would pass a test that was never run.
int main(int count, char* arguments[]) {
  Catch::Session session;
  session.configData().warnings = Catch::WarnAbout::NoTests;
  return session.run(count, arguments);
}
