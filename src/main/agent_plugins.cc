// SPDX-License-Identifier: Apache-2.0
// gRPC brings xDS (load balancing told by a mesh), a seventh of a static program that only dials
// the address it was given. What registers it is ours here, so the linker leaves the rest out.
namespace grpc_core {

class CoreConfiguration {
 public:
  class Builder;
};
void RegisterExtraFilters(CoreConfiguration::Builder*);
void RegisterExtraFilters(CoreConfiguration::Builder*) {}

}  // namespace grpc_core
