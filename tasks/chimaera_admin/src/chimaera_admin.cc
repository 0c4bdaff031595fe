// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The module behind the pool `admin`: says who may ask, and has the runtime do it.
#include <chimaera/admin.h>
#include <chimaera/detail/control.h>
#include <chimaera/module.h>
#include <unistd.h>

#include <string>

namespace {

using namespace chi::admin;

// Anyone may create a pool, and destroy it when it is theirs: the runtime, which knows the owner, checks that.
template <class Req>
constexpr bool kForAnyone =
    Req::kMethod.access == chi::Access::read || std::is_same_v<Req, PoolCreate> || std::is_same_v<Req, PoolDestroy>;

template <class Req>
chi::Status permit(const chi::Call& call) {
  if (kForAnyone<Req>) return {};
  const std::uint32_t uid = call.uid();
  const std::uint32_t own = geteuid();
  if (uid == 0 || uid == own) return {};
  return chi::Error{chi::Code::permission_denied,
                    "'" + std::string(Req::kMethod.name) + "' is for the daemon's user (uid " + std::to_string(own) +
                        ") and root; you are uid " + std::to_string(uid),
                    {}};
}

class Admin : public chi::Container<> {
 public:
  template <class Req>
  chi::Task<chi::Result<typename Req::Reply>> on(const Req& request, chi::Call& call) {
    chi::Status permitted = permit<Req>(call);
    if (!permitted.ok()) co_return permitted.error();
    auto control = chi::detail::start_control(*this, request);
    auto reply = co_await control;
    co_return reply;
  }
};

}  // namespace

CHI_EXPORT_MODULE(Admin, PoolCreate, PoolDestroy, PoolList, PoolDescribe, PoolFind, ModuleList, ModuleDescribe,
                  ModuleLoad, GetStatus, Stop, Methods, WorkersSet, WorchShow, WorchSet, WorchRun, TraceStart,
                  TraceStop, TraceRead, Lanes)
