#include "verbs.h"

#include <array>

namespace cleave::app {

Action define_choose(CLI::App& command);
Action define_codec(CLI::App& command);
Action define_demo(CLI::App& command);
Action define_doctor(CLI::App& command);
Action define_eval(CLI::App& command);
Action define_inspect(CLI::App& command);
Action define_link(CLI::App& command);
Action define_plan(CLI::App& command);
Action define_profile(CLI::App& command);
Action define_reproduce(CLI::App& command);
Action define_run(CLI::App& command);
Action define_search(CLI::App& command);
Action define_serve(CLI::App& command);
Action define_split(CLI::App& command);
Action define_train(CLI::App& command);
Action define_verify(CLI::App& command);
Action define_zoo(CLI::App& command);

std::span<const Verb> verbs() {
  static constexpr std::array kVerbs{
      Verb{"doctor", "say whether this machine is ready, and what is slow about it", define_doctor},
      Verb{"inspect", "list a network's layers, what they cost, and every cut with its size",
           define_inspect},
      Verb{"zoo", "list and write benchmark networks with seeded weights", define_zoo},
      Verb{"profile", "measure a network at every boundary between its layers", define_profile},
      Verb{"plan", "rank every way to run a network across a link", define_plan},
      Verb{"split", "cut a network and write the bundle", define_split},
      Verb{"serve", "serve bundles and networks over KServe v2", define_serve},
      Verb{"run", "run a bundle on photos: on the device, in the cloud, or split", define_run},
      Verb{"link", "emulate a slow link as a TCP proxy: rate, delay, outages, traces", define_link},
      Verb{"codec", "encode and decode tensors", define_codec},
      Verb{"verify", "join the halves of every cut and compare with the uncut network",
           define_verify},
      Verb{"eval", "score a network on labelled pictures, and what a cut costs it", define_eval},
      Verb{"train", "put a unit at a cut, train it, and write the bundle", define_train},
      Verb{"search", "find the units that keep the answers and cost least, and write the bundle",
           define_search},
      Verb{"choose", "say which of a bundle's ways a client takes, by link and load",
           define_choose},
      Verb{"demo",
           "the main job from end to end: profile, plan, cut, serve and run across three links",
           define_demo},
      Verb{"reproduce",
           "make a paper's tables and figures from this machine and a model of its own",
           define_reproduce},
  };
  return kVerbs;
}

}  // namespace cleave::app
