// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "cli/demo_source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

namespace chi::cli {
namespace {

std::string read_all(DemoSource& source) {
  std::string out;
  std::array<char, 7> piece;
  for (;;) {
    const std::size_t got = source.read(piece.data(), piece.size()).value();
    if (got == 0) return out;
    out.append(piece.data(), got);
  }
}

TEST(DemoSource, ReadsAFile) {
  std::string path = ::testing::TempDir() + "/demo_source.XXXXXX";
  const UniqueFd file(::mkstemp(path.data()));
  ASSERT_EQ(::write(file.get(), "some text", 9), 9);
  auto source = DemoSource::open(path).value();
  EXPECT_EQ(source->size(), 9u);
  EXPECT_EQ(read_all(*source), "some text");
  EXPECT_TRUE(source->finish().ok());
  ::unlink(path.c_str());
  EXPECT_EQ(DemoSource::open(path).code(), Code::not_found);
}

TEST(DemoSource, RefusesAFolder) { EXPECT_EQ(DemoSource::open("/").code(), Code::invalid_argument); }

TEST(DemoSource, ReadsWhatAProgramPrints) {
  auto source = DemoSource::run({"echo", "a", "$HOME"}).value();
  EXPECT_EQ(read_all(*source), "a $HOME\n");
  EXPECT_TRUE(source->finish().ok());
}

TEST(DemoSource, SaysThatAProgramFailed) {
  EXPECT_EQ(DemoSource::run({"no-such-program-as-this"}).code(), Code::not_found);
  auto source = DemoSource::run({"false"}).value();
  EXPECT_EQ(read_all(*source), "");
  const Status ended = source->finish();
  EXPECT_EQ(ended.code(), Code::failed_precondition);
  EXPECT_NE(ended.error().text.find("exit code 1"), std::string::npos) << ended.error().text;
}

TEST(DemoSource, EndsAProgramThatNobodyReads) {
  std::array<char, 8> piece;
  auto source = DemoSource::run({"yes"}).value();
  EXPECT_GT(source->read(piece.data(), piece.size()).value(), 0u);
  source.reset();  // waits for its end
}

}  // namespace
}  // namespace chi::cli
