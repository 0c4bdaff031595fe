# `cmake --install`: libraries and headers with a CMake package, the module repo, the program. Each target says where it
# goes; here is what they have in common.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/chimaera)

install(EXPORT chimaera NAMESPACE chimaera:: DESTINATION ${package_dir} FILE chimaeraTargets.cmake)
configure_package_config_file(${PROJECT_SOURCE_DIR}/tools/cmake/chimaeraConfig.cmake.in chimaeraConfig.cmake
                              INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(chimaeraConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/chimaeraConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/chimaeraConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/tools/cmake/ChimaeraModule.cmake
              ${PROJECT_SOURCE_DIR}/tools/cmake/FindLiburing.cmake
        DESTINATION ${package_dir})
