# `cmake --install`: libraries and headers with a CMake package, the module repo, the template of a module, the program.
# Each target says where it goes; here is what they have in common. The build tree has the package and the template in
# the same places below it as the prefix: the program finds them from its own.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/chimaera)
set(built_package_dir ${CMAKE_BINARY_DIR}/${package_dir})
set(installed_config ${CMAKE_BINARY_DIR}/CMakeFiles/chimaera_package/chimaeraConfig.cmake)  # found by nobody here

# The package's entry file, for what is below `prefix`, with the modules of Chimaera's own in `module_repo`.
function(chi_package_config output prefix module_repo)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/tools/cmake/chimaeraConfig.cmake.in ${output}
                                INSTALL_DESTINATION ${package_dir} INSTALL_PREFIX ${prefix}
                                PATH_VARS module_repo NO_SET_AND_CHECK_MACRO)
endfunction()

set(package_files ${PROJECT_SOURCE_DIR}/tools/cmake/ChimaeraModule.cmake
                  ${PROJECT_SOURCE_DIR}/tools/cmake/FindLiburing.cmake
                  ${PROJECT_SOURCE_DIR}/tools/cmake/FindHwloc.cmake
                  ${PROJECT_SOURCE_DIR}/tools/cmake/FindPrometheusCore.cmake)
install(EXPORT chimaera NAMESPACE chimaera:: DESTINATION ${package_dir} FILE chimaeraTargets.cmake)
chi_package_config(${installed_config} ${CMAKE_INSTALL_PREFIX}
                   ${CMAKE_INSTALL_LIBDIR}/chimaera/modules)
write_basic_package_version_file(${built_package_dir}/chimaeraConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${installed_config} ${built_package_dir}/chimaeraConfigVersion.cmake
              ${package_files}
        DESTINATION ${package_dir})
install(PROGRAMS ${PROJECT_SOURCE_DIR}/tools/check_module DESTINATION ${package_dir})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/tools/rules DESTINATION ${package_dir} FILES_MATCHING PATTERN "*.py")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/tasks/TASK_NAME DESTINATION ${CMAKE_INSTALL_DATADIR}/chimaera)

export(EXPORT chimaera NAMESPACE chimaera:: FILE ${built_package_dir}/chimaeraTargets.cmake)
chi_package_config(${built_package_dir}/chimaeraConfig.cmake ${CMAKE_BINARY_DIR} modules)
foreach(file ${package_files})
  configure_file(${file} ${built_package_dir} COPYONLY)
endforeach()
foreach(file check_module rules/source.py rules/coroutines.py rules/handlers.py)
  configure_file(${PROJECT_SOURCE_DIR}/tools/${file} ${built_package_dir}/${file} COPYONLY)
endforeach()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/${CMAKE_INSTALL_DATADIR}/chimaera)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/tasks/TASK_NAME ${CMAKE_BINARY_DIR}/${CMAKE_INSTALL_DATADIR}/chimaera/TASK_NAME
     SYMBOLIC)
