# All that the project takes from elsewhere, in one place; docs/dependencies.md says why each is there.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Liburing REQUIRED)
find_package(GTest REQUIRED)
