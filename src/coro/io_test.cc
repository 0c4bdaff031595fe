// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include <chimaera/io.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "coro/fake_daemon.h"

namespace chi {
namespace {

class IoTest : public ::testing::Test {
 protected:
  void SetUp() override {
    chi_create made{};
    core_.attach(fake::Daemon::services(), daemon_.container(), made);
  }
  void TearDown() override { EXPECT_EQ(fake::Daemon::blocks, 0); }

  void end(std::int64_t result) { daemon_.answer_with(Encoder(), Code::ok, result); }

  fake::Daemon daemon_;
  detail::ContainerCore core_;
};

TEST_F(IoTest, AnOperationSaysWhatTheSystemCallWouldBe) {
  Buffer buffer = Buffer::allocate(100);
  auto reading = Io(core_).read(7, buffer.slice(10, 50), 4096);
  const chi_io& io = daemon_.calls.at(0)->io;
  EXPECT_EQ(io.operation, unsigned{CHI_IO_READ});
  EXPECT_EQ(io.fd, 7);
  EXPECT_EQ(io.data, buffer.data() + 10);
  EXPECT_EQ(io.size, 50u);
  EXPECT_EQ(io.offset, 4096u);
  end(33);
  EXPECT_EQ(reading.take().value(), 33u);
}

TEST_F(IoTest, ARangeOfAFileNeedsNoMemory) {
  auto allocating = Io(core_).allocate(7, 3, 4096, 8192);
  const chi_io& io = daemon_.calls.at(0)->io;
  EXPECT_EQ(io.operation, unsigned{CHI_IO_FALLOCATE});
  EXPECT_EQ(io.flags, 3u);
  EXPECT_EQ(io.offset, 4096u);
  EXPECT_EQ(io.size, 8192u);
  EXPECT_EQ(io.data, nullptr);
  end(0);
  EXPECT_TRUE(allocating.take().ok());
}

TEST_F(IoTest, ARegisteredFileIsNamedToTheDaemonAndClosedAtItsEnd) {
  const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  {
    RegisteredFile file = Io(core_).register_file(fd);
    EXPECT_EQ(file.fd(), fd);
    EXPECT_EQ(daemon_.files, 1);
    const Buffer buffer = Buffer::allocate(64);
    auto writing = Io(core_).write(file, buffer, 0);
    const chi_io& io = daemon_.calls.at(0)->io;
    ASSERT_GE(io.more, sizeof(chi_file*) + sizeof(chi_block*));
    ASSERT_NE(io.file, nullptr);
    EXPECT_EQ(io.file->fd, fd);
    EXPECT_EQ(io.fd, fd);
    EXPECT_EQ(io.block, buffer.raw().block);
    end(64);
    RegisteredFile other = std::move(file);
    EXPECT_EQ(daemon_.files, 1);
  }
  EXPECT_EQ(daemon_.files, 0);
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1) << "it is still open";
}

TEST_F(IoTest, ADaemonThatRegistersNoFilesGetsTheDescriptor) {
  chi_services older = *fake::Daemon::services();
  older.size = offsetof(chi_services, file_open);
  chi_create made{};
  detail::ContainerCore core;
  core.attach(&older, daemon_.container(), made);
  const RegisteredFile file = Io(core).register_file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  auto reading = Io(core).read(file, Buffer::allocate(8), 0);
  EXPECT_EQ(daemon_.calls.at(0)->io.fd, file.fd());
  EXPECT_EQ(daemon_.calls.at(0)->io.file, nullptr);
  end(0);
  EXPECT_EQ(Io(core_).register_file(-1).fd(), -1);
  EXPECT_EQ(daemon_.files, 0);
}

TEST_F(IoTest, AnErrnoBecomesACodeAndAText) {
  auto writing = Io(core_).write(7, Buffer::allocate(1), 0);
  end(-ENOSPC);
  Result<std::size_t> written = writing.take();
  EXPECT_EQ(written.code(), Code::resource_exhausted);
  EXPECT_EQ(written.error().text, "No space left on device");
  EXPECT_EQ(detail::error_of_errno(EXDEV).code, Code::internal);
}

TEST_F(IoTest, TheKernelsMemoryOutlivesWhoWaitedForIt) {
  {
    auto abandoned = Io(core_).receive(7, Buffer::allocate(64));
  }
  const chi_io& io = daemon_.calls.at(0)->io;
  std::memset(io.data, 'x', io.size);  // as the device does, late
  end(64);
}

}  // namespace
}  // namespace chi
