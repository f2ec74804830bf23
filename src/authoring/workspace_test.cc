// SPDX-License-Identifier: Apache-2.0
#include "authoring/workspace.h"

#include <atomic>
#include <condition_variable>

#include "authoring/test_support.h"

namespace leoflow {
namespace {

constexpr auto kWaitMax = std::chrono::seconds(60);  // only a broken build waits that long

// A workspace whose progress the test waits for.
class WorkspaceTest : public testing::Test {
 protected:
  void TearDown() override { workspace_.reset(); }

  void start(WatcherOptions watcher = {}) {
    WorkspaceCallbacks callbacks;
    callbacks.on_dag_changed = [this](const std::string&) { changed_.notify_all(); };
    callbacks.on_import_errors_changed = [this] { ++errors_told_; };
    callbacks.on_settled = [this] { changed_.notify_all(); };
    ASSERT_TRUE(make_folder(setup_.workspace()));
    workspace_ =
        std::make_unique<Workspace>(WorkspaceOptions{.folder = setup_.workspace(),
                                                     .watcher = watcher,
                                                     .registrar = setup_.registrar_options()},
                                    setup_.compiler, setup_.store->dags(),
                                    setup_.store->import_errors(), setup_.clock, callbacks);
    ASSERT_TRUE(workspace_->start());
  }

  // Waits until the store says so.
  testing::AssertionResult comes_true(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    // Woken by callbacks; the short wait covers what happens after the last one.
    const auto give_up = std::chrono::steady_clock::now() + kWaitMax;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up)
        return testing::AssertionFailure() << describe();
      changed_.wait_for(lock, std::chrono::milliseconds(20));
    }
    return testing::AssertionSuccess();
  }

  std::string describe() const {
    std::string text;
    for (const FileStatus& status : workspace_->status()) {
      text +=
          status.filename + ": " + std::string(to_string(status.state)) + " " + status.error + "\n";
    }
    return text;
  }
  bool fresh(const std::string& dag_id, const std::string& filename) {
    const auto dag = setup_.store->dags().get_dag(dag_id);
    return dag && *dag && !(*dag)->is_stale && (*dag)->relative_fileloc == filename;
  }
  bool stale(const std::string& dag_id) {
    const auto dag = setup_.store->dags().get_dag(dag_id);
    return dag && *dag && (*dag)->is_stale;
  }
  int64_t versions(const std::string& dag_id) {
    return setup_.store->dags()
        .list_versions({.dag_id = dag_id})
        .value_or(PageOf<DagVersion>{})
        .total;
  }
  std::string error_of(const std::string& filename) {
    const auto errors = setup_.store->import_errors().list({});
    for (const ImportError& error : errors->rows) {
      if (error.filename == filename) return error.stack_trace;
    }
    return {};
  }

  Fixture setup_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<int> errors_told_ = 0;
  std::unique_ptr<Workspace> workspace_;
};

TEST_F(WorkspaceTest, RegistersWhatIsThereAndEachSave) {
  setup_.folder.write("dags/etl/dag.py", dag_text("etl"));
  start();
  ASSERT_TRUE(comes_true([&] { return fresh("etl", "etl/dag.py"); }));
  EXPECT_EQ(versions("etl"), 1);
  setup_.folder.write("dags/etl/dag.py", dag_text("etl") + "# changed\n");
  EXPECT_TRUE(comes_true([&] { return versions("etl") == 2; }));
  setup_.folder.write("dags/new/deep/dag.py", dag_text("new"));
  EXPECT_TRUE(comes_true([&] { return fresh("new", "new/deep/dag.py"); }));
}

TEST_F(WorkspaceTest, DeletedFilesLeaveAndComeBack) {
  setup_.folder.write("dags/flat.py", dag_text("flat"));
  start();
  ASSERT_TRUE(comes_true([&] { return fresh("flat", "flat.py"); }));
  fs::remove(setup_.workspace() / "flat.py");
  ASSERT_TRUE(comes_true([&] { return stale("flat"); }));
  setup_.folder.write("dags/flat.py", dag_text("flat"));
  EXPECT_TRUE(comes_true([&] { return fresh("flat", "flat.py"); }));
  EXPECT_EQ(versions("flat"), 1);
}

TEST_F(WorkspaceTest, FollowsAMovedFolder) {
  setup_.folder.write("dags/old/dag.py", dag_text("etl"));
  start();
  ASSERT_TRUE(comes_true([&] { return fresh("etl", "old/dag.py"); }));
  fs::rename(setup_.workspace() / "old", setup_.workspace() / "new");
  EXPECT_TRUE(comes_true([&] { return fresh("etl", "new/dag.py"); }));
}

TEST_F(WorkspaceTest, ImportErrorsComeAndGo) {
  setup_.folder.write("dags/broken.py", "# dag airflow\nimport no_such_helper\n");
  start();
  ASSERT_TRUE(comes_true(
      [&] { return error_of("broken.py").find("no_such_helper") != std::string::npos; }));
  EXPECT_TRUE(comes_true([&] { return errors_told_ == 1; }));
  setup_.folder.write("dags/no_such_helper.py", "");
  EXPECT_TRUE(comes_true([&] { return error_of("broken.py").empty(); }));
  EXPECT_TRUE(comes_true([&] { return errors_told_ == 2; }));
}

TEST_F(WorkspaceTest, FirstKeepsADuplicateDagId) {
  setup_.folder.write("dags/first.py", dag_text("same"));
  start();
  ASSERT_TRUE(comes_true([&] { return fresh("same", "first.py"); }));
  setup_.folder.write("dags/second.py", dag_text("same"));
  ASSERT_TRUE(comes_true([&] { return !error_of("second.py").empty(); }));
  EXPECT_EQ(error_of("second.py"),
            "File \"second.py\"\nDuplicateDagId: dag_id 'same' is defined in second.py, but "
            "first.py has it "
            "already\n\nhint: rename one of the two, or remove one file\n");
  fs::remove(setup_.workspace() / "first.py");
  EXPECT_TRUE(
      comes_true([&] { return fresh("same", "second.py") && error_of("second.py").empty(); }));
}

TEST_F(WorkspaceTest, WorksByScanningWhenWatchesRunOut) {
  start({.watches_max = 0, .scan_interval = std::chrono::milliseconds(20)});
  setup_.folder.write("dags/late.py", dag_text("late"));
  EXPECT_TRUE(comes_true([&] { return fresh("late", "late.py"); }));
  Workspace::Look look = workspace_->last_look();
  EXPECT_EQ(look.problems, std::vector<std::string>{"more than 0 folders to watch"});
  EXPECT_EQ(look.at, setup_.clock.now());
}

TEST_F(WorkspaceTest, StopsWhileAFileIsCompiled) {
  setup_.folder.write("dags/slow.py", "# dag airflow\nimport time\ntime.sleep(3600)\n");
  start();
  ASSERT_TRUE(comes_true([&] {
    const auto status = workspace_->status();
    return status.size() == 1 && status[0].state == FileState::compiling;
  }));
  workspace_->stop();
  SUCCEED();
}

TEST_F(WorkspaceTest, ARestartChangesNothingAndNoticesWhatLeft) {
  setup_.folder.write("dags/stays.py", dag_text("stays"));
  setup_.folder.write("dags/goes.py", dag_text("goes"));
  start();
  ASSERT_TRUE(comes_true([&] { return fresh("stays", "stays.py") && fresh("goes", "goes.py"); }));
  workspace_.reset();
  fs::remove(setup_.workspace() / "goes.py");
  start();
  EXPECT_TRUE(comes_true([&] { return stale("goes"); }));
  EXPECT_TRUE(comes_true([&] { return describe() == "stays.py: ready \n"; }));
  EXPECT_EQ(versions("stays"), 1);
}

}  // namespace
}  // namespace leoflow
