// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A coroutine that keeps four reads under way: while it adds up one block, the next ones come. It holds no thread.
#include <chimaera/module.h>
#include <fcntl.h>
#include <pipelined_io/pipelined_io.h>
#include <unistd.h>

#include <deque>
#include <numeric>

// NOLINTNEXTLINE(google-build-using-namespace): the module is this file
using namespace pipelined_io;

struct Block {
  chi::Buffer buffer;
  chi::Io::Pending read;
};
struct File {
  explicit File(const std::string& path) : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() { ::close(fd); }
  int fd;
};

class Adder : public chi::Container<> {
 public:
  chi::Task<chi::Result<SumReply>> on(const Sum& sum) {
    const File file(sum.path);
    if (file.fd < 0) co_return chi::Error{chi::Code::not_found, "cannot read '" + sum.path + "'", {}};
    std::deque<Block> ahead;
    SumReply reply;
    chi::Status end;
    bool more = true;
    for (std::uint64_t offset = 0; more || !ahead.empty();) {
      for (; more && ahead.size() < 4; offset += 65536) ahead.push_back(start(file.fd, offset));
      auto got = co_await ahead.front().read;
      if (!got.ok()) end = got.error();
      more = more && got.ok() && *got != 0;
      const std::uint8_t* data = ahead.front().buffer.data();
      reply.sum = std::accumulate(data, data + got.value_or(0), reply.sum);
      reply.bytes += got.value_or(0);
      ahead.pop_front();
    }
    if (!end.ok()) co_return end.error();
    co_return reply;
  }

 private:
  Block start(int fd, std::uint64_t offset) {
    chi::Buffer buffer = chi::Buffer::allocate(65536);
    return {buffer, io().read(fd, buffer, offset)};
  }
};

CHI_EXPORT_MODULE(Adder, Sum)
