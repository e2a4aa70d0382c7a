using DisasterTolerance.Simulation.Command;

return args.Contains("--episodes") ? EpisodeCommand.Run(args) : await TestEntry.RunAsync(args);
