# Third-party libraries, found once. deps/ says where each comes from and why.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(OpenVINO REQUIRED COMPONENTS Runtime)
find_package(prometheus-cpp REQUIRED)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(turbojpeg REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(png REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(webp REQUIRED IMPORTED_TARGET libwebp)
pkg_check_modules(cbc REQUIRED IMPORTED_TARGET cbc)
pkg_check_modules(grpc REQUIRED IMPORTED_TARGET grpc++)

# Debian's ONNX is built with this namespace and the full (ML) schema.
find_library(ONNX_PROTO_LIBRARY onnx_proto REQUIRED)
find_library(ONNX_LIBRARY onnx REQUIRED)
add_library(cleave_onnx INTERFACE)
target_link_libraries(cleave_onnx INTERFACE ${ONNX_LIBRARY} ${ONNX_PROTO_LIBRARY} protobuf::libprotobuf)
target_compile_definitions(cleave_onnx INTERFACE ONNX_ML=1 ONNX_NAMESPACE=onnx)

# The definitions are those that Debian's library was built with; they change its classes.
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
add_library(cleave_httplib INTERFACE)
target_link_libraries(cleave_httplib INTERFACE PkgConfig::httplib Threads::Threads)

if(NOT CLEAVE_FUZZ)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
  find_package(rapidcheck REQUIRED)
endif()
