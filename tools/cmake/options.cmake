# What every target of the project is compiled with, and the one way to declare a folder's library.
add_library(flowrun_options INTERFACE)
target_include_directories(flowrun_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(flowrun_options INTERFACE FLOWRUN_VERSION="${PROJECT_VERSION}")
target_compile_options(flowrun_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -Wno-missing-field-initializers)  # designated initialisers leave members at their defaults on purpose
if(FLOWRUN_WERROR)
  target_compile_options(flowrun_options INTERFACE -Werror)
endif()
if(FLOWRUN_SANITIZE)
  # vptr: Debian's TBB is built without RTTI for its tasks and trips that check; the others stay on.
  target_compile_options(flowrun_options INTERFACE -fsanitize=${FLOWRUN_SANITIZE} -fno-sanitize=vptr
    -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(flowrun_options INTERFACE -fsanitize=${FLOWRUN_SANITIZE} -fno-sanitize=vptr)
endif()
if(FLOWRUN_FUZZ)
  # The fuzzers learn from the branches taken; only they are linked with libFuzzer's main function.
  target_compile_options(flowrun_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# flowrun_library(NAME SOURCES … DEPENDS … PRIVATE_DEPENDS …): one static library per folder. DEPENDS is the
# dependency rule of the tree, so a forbidden include fails to link as well as to pass tools/check_layers.
function(flowrun_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(flowrun_${name} STATIC ${ARG_SOURCES})
  add_library(flowrun::${name} ALIAS flowrun_${name})
  target_link_libraries(flowrun_${name} PUBLIC flowrun_options ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE_DEPENDS})
endfunction()
