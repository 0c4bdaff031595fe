// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One run of fio for each measurement. Like ours, it writes the same bytes again and again, and draws its places with
// no memory of where it was.
#include "benchmark/fio.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "benchmark/child.h"

namespace chi::bench {
namespace {

using nlohmann::json;

constexpr const char* kHowToGetFio =
    "fio is not here, so nothing is compared with it; `make bench` installs it (apt-get install fio)";
constexpr std::uint64_t kMaxErrors = 1 << 16;

// fio takes ':' for the begin of another name.
std::string escaped(const std::string& path) {
  std::string out;
  for (char c : path) {
    if (c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// The number at a path of keys; negative where there is none.
double number_at(const json& from, std::initializer_list<const char*> keys) {
  const json* at = &from;
  for (const char* key : keys) {
    if (!at->is_object() || !at->contains(key)) return -1;
    at = &(*at)[key];
  }
  return at->is_number() ? at->get<double>() : -1;
}

}  // namespace

std::vector<std::string> fio_command(const FioJob& job) {
  const BlockPattern& pattern = job.pattern;
  std::vector<std::string> out = {"fio",
                                  "--name=rival",
                                  "--filename=" + escaped(job.file),
                                  fmt::format("--offset={}", job.offset),
                                  fmt::format("--size={}", job.size),
                                  "--rw=" + name_of(pattern),
                                  fmt::format("--bs={}", pattern.size),
                                  "--ioengine=io_uring",
                                  fmt::format("--iodepth={}", pattern.depth),
                                  fmt::format("--direct={}", job.direct ? 1 : 0),
                                  "--thread",
                                  "--time_based",
                                  fmt::format("--runtime={}ms", job.time.count()),
                                  fmt::format("--ramp_time={}ms", job.time.count() / 10),
                                  "--allow_file_create=0",
                                  "--fallocate=none",
                                  "--norandommap",
                                  "--scramble_buffers=0",
                                  "--disk_util=0",
                                  "--lat_percentiles=1",
                                  "--percentile_list=50:99",
                                  "--output-format=json"};
  for (const std::string& option : job.options) out.push_back("--" + option);
  return out;
}

Result<BlockFigures> parse_fio(std::string_view output, bool write) {
  const auto begin = output.find('{');  // it may say something else before
  const json read = json::parse(output.substr(begin == std::string_view::npos ? output.size() : begin), nullptr, false);
  if (read.is_object() && read.contains("jobs") && read["jobs"].is_array() && read["jobs"].size() == 1) {
    const json& job = read["jobs"][0];
    const char* way = write ? "write" : "read";
    const double operations = number_at(job, {way, "total_ios"});
    const double busy = number_at(job, {"usr_cpu"}) + number_at(job, {"sys_cpu"});  // percent of the run time, in ms
    BlockFigures out;
    out.iops = number_at(job, {way, "iops"});
    out.p50_ns = number_at(job, {way, "lat_ns", "percentile", "50.000000"});
    out.p99_ns = number_at(job, {way, "lat_ns", "percentile", "99.000000"});
    out.cpu_ns = ratio(busy / 100 * number_at(job, {"job_runtime"}) * 1e6, operations);
    if (operations > 0 && out.iops > 0 && out.p50_ns > 0 && out.p99_ns > 0 && out.cpu_ns >= 0) return out;
  }
  return Error{Code::data_loss,
               fmt::format("fio printed no figures of one job that {}s; it printed: {}", write ? "write" : "read",
                           output.substr(0, 1000)),
               "bench"};
}

Result<BlockFigures> run_fio(const FioJob& job, const std::string& error_file) {
  Launch launch;
  launch.command = fio_command(job);
  launch.cpus = {job.cpu};
  launch.error_file = error_file;
  Result<Child> run = Child::start(launch);
  if (!run.ok()) return std::move(run).error();
  Result<std::string> output = run->output(Child::in(job.time * 2 + std::chrono::seconds(60)));
  if (output.code() == Code::not_found) return Error{Code::not_found, kHowToGetFio, "bench"};
  if (!output.ok()) {
    const std::string said = read_file(error_file, kMaxErrors).value_or("");
    return Error{output.code(), output.error().text + (said.empty() ? "" : "; it said: " + said), "bench"};
  }
  return parse_fio(*output, job.pattern.write);
}

}  // namespace chi::bench
