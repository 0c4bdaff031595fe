// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements connection.h: the thread that reads.
#include "nbd/connection.h"

#include <sys/socket.h>

#include <chrono>
#include <system_error>
#include <utility>

#include "base/system_call.h"
#include "nbd/handshake.h"

namespace chi::nbd {
namespace {

// For all of it: who takes longer is not there to have the export. What comes later may take as long as it likes.
constexpr std::chrono::seconds kHandshakeLimit(10);

Offer with_refusal(Offer offer, std::string refusal) {
  offer.refusal = std::move(refusal);
  return offer;
}

}  // namespace

Connection::Connection(const Export& exported, std::string refusal, UniqueFd socket, Notes& notes,
                       std::function<void()> ended)
    : export_(exported),
      offer_(with_refusal(exported.offer, std::move(refusal))),
      socket_(std::move(socket)),
      notes_(notes),
      tell_end_(std::move(ended)),
      thread_([this] { run(); }) {}

Connection::~Connection() { thread_.join(); }

void Connection::stop() const noexcept { ::shutdown(socket_.get(), SHUT_RD); }

void Connection::cut() const noexcept { ::shutdown(socket_.get(), SHUT_RDWR); }

void Connection::run() {
  SocketReader reader(socket_.get());
  if (shake_hands(reader)) serve(reader);
  cut();
  ended_.store(true, std::memory_order_release);
  tell_end_();
}

bool Connection::shake_hands(SocketReader& reader) {
  const auto until = std::chrono::steady_clock::now() + kHandshakeLimit;
  Handshake handshake(offer_);
  for (;;) {
    // Before the client hears of it: from then on it is not pushed out.
    if (handshake.state() == Handshake::State::transmission) serves_.store(true, std::memory_order_release);
    const std::string output = handshake.output();
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(output.data()), output.size());
    if (!send_all(socket_.get(), bytes, until)) return false;
    if (handshake.state() != Handshake::State::options) return handshake.state() == Handshake::State::transmission;
    const std::span input = reader.peek(until);
    if (input.empty()) return false;
    reader.consume(handshake.take(input));
  }
}

void Connection::serve(SocketReader& reader) {
  std::optional<Transmission> transmission;
  try {
    transmission.emplace(export_, socket_.get(), notes_);
  } catch (const std::system_error& failure) {
    return notes_.tell("a client is refused: " + call_error("clone", failure.code().value()).text);
  }
  std::uint8_t header[kRequestSize];
  while (reader.read(header)) {
    const auto request = decode_request(header);
    if (!request || request->command == kDisconnect) break;
    Order order{*request};
    order.failure = check_request(*request, offer_);
    if (!transmission->admit(order)) break;
    if (request->has_payload() && !take_data(*transmission, reader, order)) break;
    transmission->submit(std::move(order));
  }
  transmission->finish();
}

bool Connection::take_data(Transmission& transmission, SocketReader& reader, Order& order) const {
  if (order.failure != kOk) return reader.skip(order.request.length);
  transmission.give_memory(order);
  return reader.read(order.memory.span());
}

}  // namespace chi::nbd
