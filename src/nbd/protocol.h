// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Numbers of the NBD protocol, as its specification (doc/proto.md of the project nbd) has them. All are big endian on
// the wire.
#pragma once

#include <cstdint>

namespace chi::nbd {

// Handshake.
inline constexpr std::uint64_t kGreetingMagic = 0x4e42444d41474943;  // "NBDMAGIC"
inline constexpr std::uint64_t kOptionMagic = 0x49484156454f5054;    // "IHAVEOPT"
inline constexpr std::uint64_t kOptionReplyMagic = 0x0003e889045565a9;

enum HandshakeFlag : std::uint16_t { kFixedNewstyle = 1 << 0, kNoZeroes = 1 << 1 };  // the same from both sides

enum Option : std::uint32_t {
  kOptExportName = 1,
  kOptAbort = 2,
  kOptList = 3,
  kOptInfo = 6,
  kOptGo = 7,
};

enum OptionReply : std::uint32_t {
  kRepAck = 1,
  kRepServer = 2,
  kRepInfo = 3,
  kRepUnsupported = 0x80000001,
  kRepPolicy = 0x80000002,
  kRepInvalid = 0x80000003,
  kRepUnknown = 0x80000006,
  kRepTooBig = 0x80000009,
};

enum Info : std::uint16_t { kInfoExport = 0, kInfoName = 1, kInfoDescription = 2, kInfoBlockSize = 3 };

enum ExportFlag : std::uint16_t {
  kHasFlags = 1 << 0,
  kReadOnly = 1 << 1,
  kSendFlush = 1 << 2,
  kSendFua = 1 << 3,
  kSendTrim = 1 << 5,
  kSendWriteZeroes = 1 << 6,
  kCanMultiConn = 1 << 8,
};

// Transmission.
inline constexpr std::uint32_t kRequestMagic = 0x25609513;
inline constexpr std::uint32_t kSimpleReplyMagic = 0x67446698;

enum Command : std::uint16_t { kRead = 0, kWrite = 1, kDisconnect = 2, kFlush = 3, kTrim = 4, kWriteZeroes = 6 };

enum CommandFlag : std::uint16_t { kFua = 1 << 0, kNoHole = 1 << 1 };

enum Failure : std::uint32_t {
  kOk = 0,
  kNotPermitted = 1,
  kIoError = 5,
  kNoMemory = 12,
  kInvalid = 22,
  kNoSpace = 28,
};

inline constexpr std::uint32_t kMaxPayload = 32U << 20;  // of a read or write, which is what clients expect
inline constexpr std::uint32_t kPreferredBlock = 4096;
inline constexpr std::uint32_t kMaxName = 4096;

}  // namespace chi::nbd
