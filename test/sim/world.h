// SPDX-License-Identifier: Apache-2.0
// The whole server on one thread under simulated time: the real Core and store, simulated agents, and a network that
// loses, delays, doubles and reorders. One seed decides everything; the same seed replays the same history.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/core.h"

namespace leoflow::sim {

struct Faults {
  double message_lost = 0;        // share of messages between server and agent
  double message_doubled = 0;
  Duration message_delay_max = std::chrono::milliseconds(5);
  double commit_refused = 0;      // nothing written, `unavailable`
  double commit_unknown = 0;      // written, but answered `outcome_unknown`
  double crash_before_commit = 0; // server dies with the batch unwritten
  double crash_after_commit = 0;  // server dies with the batch written and no effect performed
  Duration agent_dies_every{0};   // mean; 0 = never
  Duration server_dies_every{0};
  double held_dies = 0;           // share of places started ahead that die while they hold
  Duration held_connects_max = std::chrono::milliseconds(50);
  int crash_at_commit = 0;        // dies at exactly the Nth commit (before it if odd pass, after it otherwise); 0 = off
  bool crash_at_commit_after = false;
};

// What user code does, decided by the seed: how long it takes and how each try ends.
struct Behaviour {
  double fails = 0.1;
  double skips = 0.05;
  double fails_for_good = 0.02;
  Duration work_max = std::chrono::milliseconds(200);
  StartAhead start_ahead = StartAhead::never;
};

class World {
 public:
  World(uint64_t seed, Faults faults, Behaviour behaviour);
  ~World();

  // Registers a DAG from edges: "a>b a>c b>d" plus per-task settings by id.
  void add_dag(const std::string& dag_id, const std::string& edges,
               const std::function<void(DagSpec&)>& edit = {});
  void trigger(const std::string& dag_id, const std::string& run_id, std::optional<Time> logical_date = {});
  // Any request, delivered like a local call. From then on tries may begin without a failure, and
  // after a change of what is upstream.
  void ask(Event event);

  // Runs until nothing is left to do (or limit of simulated time). Checks the invariants after each step; the first
  // breach is kept in breach().
  void run(Duration limit = std::chrono::hours(2));
  // From here on nothing goes wrong any more: what is open must come to its end.
  void heal() { faults_ = Faults{}; }

  const std::string& breach() const { return breach_; }
  Store& store() { return *store_; }
  Time now() const { return now_; }
  int commits() const { return commits_; }
  int crashes() const { return crashes_; }
  int held_used() const { return held_used_; }  // attempts that got a place started ahead
  // Every run of the store finished.
  bool all_finished();
  // The world's history in a few words, for comparing two runs of one seed.
  const std::string& trace() const { return trace_; }

 private:
  struct Place {                               // an attempt as its agent knows it
    WorkItem item;
    bool running = false, finished = false, gone = false;
    Time started{};
    std::optional<Outcome> outcome;
  };
  struct Held {                                // a place started ahead, which outlives the server
    WorkItem item;                             // with its attempt once it is bound
    bool wanted = false;                       // by this life of the server
    bool connected = false;
  };
  using HeldKey = std::pair<TaskInstanceKey, int>;
  class Wire;

  void at(Duration delay, std::function<void()> action);
  bool chance(double share) { return std::uniform_real_distribution<double>()(random_) < share; }
  Duration up_to(Duration most);
  void send(std::function<void()> action);     // over the lossy network
  void repeat_trigger(const std::string& dag_id, const std::string& run_id, std::optional<Time> logical_date);
  void breached(const std::string& what);

  void start_server();
  void crash_server();
  void server_turn();
  void deliver(Event event);                   // to the server, if it lives
  void perform(Effects effects);

  // The executor: what is expected is held, what is placed is bound to what holds for it.
  void place(const WorkItem& item);
  void expect(const WorkItem& item);
  void held_connects(HeldKey key);
  void held_dies(HeldKey key);
  void hand_over(HeldKey key);
  void end_unwanted();

  void agent_connects();
  void agent_dies();
  void agent_assigned(WorkItem item);
  void agent_cancelled(AttemptId attempt);
  void agent_finishes(AttemptId attempt, Outcome outcome);
  void agent_reports(AttemptId attempt);

  void check_started(const WorkItem& item);
  bool past_went_well(const DagRun& run, const TaskSpec& task);
  const DagSpec& spec_of(const DagRun& run);
  bool is_whole(const RunRecord& record);
  void check_store();

  std::mt19937_64 random_;
  Faults faults_;
  Behaviour behaviour_;
  Time now_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Core> core_;                 // null while the server is down
  uint64_t server_life_ = 0, agent_life_ = 0;
  bool turn_planned_ = false;
  std::vector<Event> inbox_;
  std::multimap<Time, std::function<void()>> agenda_;
  std::map<AttemptId, Place> places_;          // of the current agent
  std::map<HeldKey, Held> held_;
  std::map<TaskInstanceKey, AttemptId> live_;  // user code that runs right now
  std::map<std::pair<std::string, std::string>, std::vector<AssetKey>> outlets_;  // by DAG and task
  std::map<std::pair<TaskInstanceKey, int>, int> failures_;  // user failures seen by (instance, try)
  std::set<AttemptId> acknowledged_;
  std::map<DagVersionId, DagSpec> specs_;
  bool asked_ = false;
  std::string breach_;
  std::string trace_;
  int commits_ = 0, crashes_ = 0, triggers_waiting_ = 0, held_used_ = 0;
};

}  // namespace leoflow::sim
