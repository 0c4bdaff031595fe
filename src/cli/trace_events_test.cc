// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "cli/trace_events.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "codec/json.h"

namespace chi::cli {
namespace {

admin::TraceStopReply trace_of_one_pool() {
  admin::TraceStopReply trace;
  trace.duration_ns = 5'000'000;
  trace.records = 1;
  trace.workers = {{1, 1, 7}};
  trace.pools = {{20, "in\"ventory", {{3, "put"}}}};
  return trace;
}

admin::TraceStep step(std::uint32_t flags) {
  admin::TraceStep out;
  out.worker = 1;
  out.flags = flags;
  out.pool = 20;
  out.container = 4;
  out.method = 3;
  out.session = 5;
  out.sequence = 12;
  out.since_ns = 1'000;
  out.began_ns = 2'500;
  out.ended_ns = 4'000;
  return out;
}

Json events_of(const admin::TraceStep& step) {
  const admin::TraceStopReply trace = trace_of_one_pool();
  TraceEvents events(trace);
  std::string text = events.head("default");
  events.events(step, text);
  const Json file = Json::parse(text + TraceEvents::kTail);
  EXPECT_EQ(file["otherData"]["lost"], 7);
  Json out = Json::array();
  for (const Json& event : file["traceEvents"]) {
    if (event["ph"] != "M") out.push_back(event);
  }
  return out;
}

TEST(TraceEvents, AQueuedTaskThatRanAndWasAnswered) {
  admin::TraceStep given = step(admin::kTraceQueued | admin::kTraceRan);
  given.reply_ns = 4'000;
  given.replied_ns = 4'100;
  const Json events = events_of(given);
  ASSERT_EQ(events.size(), 4U) << events.dump();
  EXPECT_EQ(events[0]["ph"], "b");
  EXPECT_EQ(events[0]["name"], "queue");
  EXPECT_EQ(events[0]["ts"], 1.0);
  EXPECT_EQ(events[1]["ph"], "e");
  EXPECT_EQ(events[1]["ts"], 2.5);
  EXPECT_EQ(events[1]["id"], events[0]["id"]);
  EXPECT_EQ(events[2]["ph"], "X");
  EXPECT_EQ(events[2]["name"], "put");
  EXPECT_EQ(events[2]["ts"], 2.5);
  EXPECT_EQ(events[2]["dur"], 1.5);
  const Json names = {
      {"container", "in\"ventory/4"}, {"worker", 1}, {"method", "put"}, {"session", "5"}, {"sequence", 12}};
  EXPECT_EQ(events[2]["args"], names);
  EXPECT_EQ(events[3]["name"], "reply");
  EXPECT_EQ(events[3]["args"], names);
  EXPECT_EQ(events[3]["dur"], 0.1);
}

TEST(TraceEvents, AwaitsOrphansAndMoves) {
  EXPECT_EQ(events_of(step(admin::kTraceRan))[0]["name"], "await");
  const Json orphan = events_of(step(admin::kTraceRan | admin::kTraceOrphan));
  ASSERT_EQ(orphan.size(), 4U);
  EXPECT_EQ(orphan[2]["ph"], "b");
  EXPECT_EQ(orphan[2]["cat"], "run");
  admin::TraceStep moves = step(admin::kTraceMove | admin::kTraceNoTask);
  moves.to_worker = 2;
  const Json move = events_of(moves);
  ASSERT_EQ(move.size(), 1U);
  EXPECT_EQ(move[0]["ph"], "i");
  EXPECT_EQ(move[0]["args"]["to_worker"], 2);
  EXPECT_FALSE(move[0]["args"].contains("session"));
}

TEST(TraceEvents, WhatHasNoNameHasItsNumber) {
  admin::TraceStep given = step(admin::kTraceRan);
  given.pool = 99;
  const Json run = events_of(given)[2];
  EXPECT_EQ(run["name"], "method 3");
  EXPECT_EQ(run["args"]["container"], "pool 99/4");
}

}  // namespace
}  // namespace chi::cli
