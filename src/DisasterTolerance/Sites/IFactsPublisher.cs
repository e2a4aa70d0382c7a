namespace DisasterTolerance.Sites;

/// <summary>Tells peers what changed here. Returns at once; what cannot be told now is told when the link is up again. Thread-safe.</summary>
internal interface IFactsPublisher
{
    /// <summary>A machine's row or its points changed, with a new facts version.</summary>
    void MachineChanged(Guid machine);

    /// <summary>A plan changed.</summary>
    void PlanChanged(Guid plan);

    /// <summary>A link changed.</summary>
    void LinkChanged(Guid link);
}
