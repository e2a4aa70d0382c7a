global using DisasterTolerance.Compare.Images;
global using DisasterTolerance.Compare.Measuring;
global using DisasterTolerance.Compare.Processes;
