// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A node in the test's own process, and pools of block devices in it.
#pragma once

#include <bdev/bdev.h>
#include <bdev/config.h>
#include <bdev/stat.h>
#include <chimaera/runtime.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

#include "common/temp_folder.h"

namespace bdev {

class DiskTest : public ::testing::Test {
 protected:
  chi::Result<chi::Pool> try_make(const std::string& name, const Config& config, std::uint32_t containers = 1) {
    chi::PoolOptions options{.module = "bdev", .containers = containers};
    options.config = chi::Bytes(chi::encode_to_string(config));
    return client_.create_pool(name, options);
  }
  chi::Pool make(const std::string& name, const Config& config, std::uint32_t containers = 1) {
    chi::Result<chi::Pool> pool = try_make(name, config, containers);
    EXPECT_TRUE(pool.ok()) << pool.error().to_string();
    return std::move(pool).value();
  }
  chi::Code fails(const Config& config) {
    chi::Result<chi::Pool> pool = try_make("refused", config);
    if (!pool.ok()) return pool.code();
    EXPECT_TRUE(client_.destroy_pool("refused").ok());
    return chi::Code::ok;
  }
  std::string file() const { return folder_ / "volume"; }
  Config file_config(const std::string& layers = "") const {
    Config config;
    config.backend = layers + "file:" + file();
    config.size = 8 << 20;
    return config;
  }

  // Memory of the session, with a pattern of its own for each seed.
  chi::Buffer pattern(std::size_t size, std::uint64_t seed) const {
    chi::Buffer out = client_.allocate_buffer(size).value();
    for (std::size_t i = 0; i < size; ++i) {
      out.data()[i] = static_cast<std::uint8_t>((i * 2654435761u + seed * 40503u) >> 7);
    }
    return out;
  }
  chi::Code write(const chi::Pool& pool, std::uint64_t offset, const chi::Buffer& data) const {
    return pool.call<Write>(offset, chi::Bytes::from(data)).get().code();
  }
  std::string read(const chi::Pool& pool, std::uint64_t offset, std::uint64_t size) const {
    auto reply = pool.call<Read>(offset, size).get();
    EXPECT_TRUE(reply.ok()) << reply.error().to_string();
    return reply.ok() ? std::string(reply->data.view()) : std::string();
  }

  chi::test::TempFolder folder_;
  chi::Runtime runtime_ = chi::Runtime::start({.workers = 2, .module_paths = {CHI_TEST_MODULES}}).value();
  chi::Client client_ = runtime_.connect().value();
};

}  // namespace bdev
