// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// libFuzzer: arbitrary bytes as a client's. A handshake says and does the same however they are cut, and what is let
// through as a request lies within the device.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "nbd/handshake.h"
#include "nbd/wire.h"

namespace chi::nbd {
namespace {

void expect(bool good) {
  if (!good) std::abort();
}

const Offer kOffers[] = {{"disk", "text", 1 << 20, kHasFlags},
                         {"disk", "text", ~std::uint64_t{0}, kHasFlags | kReadOnly},
                         {"", "", 4096, kHasFlags, "full"}};

struct Outcome {
  std::string said;
  std::size_t used = 0;
  Handshake::State state{};

  bool operator==(const Outcome&) const = default;
};

Outcome shake_hands(const Offer& offer, std::span<const std::uint8_t> bytes, std::size_t step) {
  Handshake handshake(offer);
  Outcome out{handshake.output()};
  while (out.used < bytes.size() && handshake.state() == Handshake::State::options) {
    const std::size_t size = std::min(step, bytes.size() - out.used);
    const std::size_t used = handshake.take(bytes.subspan(out.used, size));
    expect(used == size || handshake.state() != Handshake::State::options);
    out.used += used;
    out.said += handshake.output();
  }
  out.state = handshake.state();
  return out;
}

void check_requests(const Offer& offer, std::span<const std::uint8_t> bytes) {
  for (; bytes.size() >= kRequestSize; bytes = bytes.subspan(kRequestSize)) {
    const auto request = decode_request(bytes.first<kRequestSize>());
    if (!request || check_request(*request, offer) != kOk) continue;
    expect(request->length <= offer.size && request->offset <= offer.size - request->length);
    expect(request->transfer() <= kMaxPayload);
    expect(!offer.read_only() || request->command == kRead || request->command == kFlush);
  }
}

}  // namespace
}  // namespace chi::nbd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chi::nbd;
  const std::span bytes(data, size);
  for (const Offer& offer : kOffers) {
    const Outcome whole = shake_hands(offer, bytes, size + 1);
    expect(whole == shake_hands(offer, bytes, 1) && whole == shake_hands(offer, bytes, 7));
    check_requests(offer, bytes);
  }
  return 0;
}
