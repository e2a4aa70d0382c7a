using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Plans;

/// <summary>Adds, edits and deletes plans at this site. What this site has no say over is refused. Changes of one plan happen one after the other. Thread-safe.</summary>
internal sealed class PlanEditor(
    SiteContext site, PlanGates gates, PlanCatalog plans, PlanWriter writer, MachineAdmission admission, MachineDirectory machines, AuditLog audit, PlanLimits limits)
{
    private const int LongestDetail = 2000;

    public async ValueTask<PlanView> AddAsync(PlanSpecification specification, CancellationToken cancellationToken) =>
        await GuardAsync(specification.Actor, "plan.add", PlanTexts.Shown(specification.Name), async () =>
        {
            Validate(specification, new Dictionary<Guid, string>());
            var now = site.Now;
            var plan = new PlanRow
            {
                Uuid = site.Ids.NewId(),
                Name = specification.Name,
                Master = specification.Master,
                Slave = specification.Slave,
                Rpo = specification.Rpo,
                Interval = specification.Interval,
                Retention = PlanRules.RetentionOf(specification),
                Compression = specification.Compression,
                Enabled = specification.Enabled,
                Type = specification.Type,
                StorageMedium = specification.StorageMedium,
                DatacenterReference = specification.DatacenterReference,
                HostReference = specification.HostReference,
                VmPathName = specification.VmPathName,
                Created = now,
                Modified = now,
            };
            var infos = await admission.LookUpAsync(plan, specification.Machines, cancellationToken).ConfigureAwait(false);
            using var gate = await gates.EnterMembershipAsync(plan.Uuid, cancellationToken).ConfigureAwait(false);
            Validate(specification, await FindElsewhereAsync(plan.Uuid, specification.Machines, cancellationToken).ConfigureAwait(false));
            var (added, adopted) = await admission.AdmitAsync(plan, specification.Machines, infos, now, cancellationToken).ConfigureAwait(false);
            var stored = await writer.WriteAsync(
                new PlanChange
                {
                    Before = null,
                    After = plan,
                    New = added,
                    Changes = adopted,
                    Audit = [audit.Entry(specification.Actor, "plan.add", plan.Uuid.ToString(), $"'{plan.Name}' with {specification.Machines.Count} machines, {adopted.Count} of them with points from before")],
                },
                cancellationToken).ConfigureAwait(false);
            return await plans.ViewAsync(stored, cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);

    public async ValueTask<PlanView> EditAsync(Guid plan, PlanEdit edit, CancellationToken cancellationToken) =>
        await GuardAsync(edit.Actor, "plan.edit", plan.ToString(), async () =>
        {
            // An edit that switches a plan on brings its machines back into the schedule, so it also has to see all memberships.
            using var gate = edit.Machines is null && edit.Enabled != true
                ? await gates.EnterAsync(plan, cancellationToken).ConfigureAwait(false)
                : await gates.EnterMembershipAsync(plan, cancellationToken).ConfigureAwait(false);
            var before = await plans.GetAsync(plan, cancellationToken).ConfigureAwait(false);
            Demand(before, IsOnlyDisable(edit) ? PlanAction.Disable : PlanAction.Edit);
            var present = await plans.ListMachinesAsync(plan, cancellationToken).ConfigureAwait(false);
            var merge = await MergeAsync(before, present, edit, cancellationToken).ConfigureAwait(false);
            if (!merge.ChangesAnything)
            {
                return await plans.ViewAsync(before, cancellationToken).ConfigureAwait(false);
            }

            await DemandNoTwinAsync(before, merge.Plan, present, cancellationToken).ConfigureAwait(false);
            var infos = await admission.LookUpAsync(before, merge.Added, cancellationToken).ConfigureAwait(false);
            var (added, adopted) = await admission.AdmitAsync(merge.Plan, merge.Added, infos, site.Now, cancellationToken).ConfigureAwait(false);
            var changes = new Dictionary<Guid, Func<MachineRow, MachineRow>>(adopted);
            var now = site.Now;
            foreach (var removed in merge.Removed)
            {
                changes[removed.Uuid] = row => row with { Removed = now, NextRun = null };
            }

            foreach (var changed in merge.Changed)
            {
                changes[changed.Uuid] = row => MachineIdentity.Copy(changed, row);
            }

            var detail = $"revision {merge.Plan.Revision}: {merge.Added.Count} machines added, {merge.Removed.Count} removed, {merge.Changed.Count} changed; "
                + $"interval {merge.Plan.Interval}, RPO {merge.Plan.Rpo}, {(merge.Plan.Enabled ? "enabled" : "disabled")}, kept {merge.Plan.Retention.Count?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? merge.Plan.Retention.Duration.ToString()}";
            var stored = await writer.WriteAsync(
                new PlanChange { Before = before, After = merge.Plan, New = added, Changes = changes, Audit = [audit.Entry(edit.Actor, "plan.edit", plan.ToString(), detail)] },
                cancellationToken).ConfigureAwait(false);
            return await plans.ViewAsync(stored, cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);

    public async ValueTask DeleteAsync(Guid plan, string actor, CancellationToken cancellationToken) =>
        await GuardAsync(actor, "plan.delete", plan.ToString(), async () =>
        {
            using var gate = await gates.EnterAsync(plan, cancellationToken).ConfigureAwait(false);
            var before = await site.Catalog.FindPlanAsync(plan, cancellationToken).ConfigureAwait(false);
            if (before is null or { Deleted: not null })
            {
                return false;
            }

            Demand(before, PlanAction.Delete);
            var now = site.Now;
            var after = before with { Deleted = now, Modified = now, Revision = before.Revision + 1 };
            await writer.WriteAsync(
                new PlanChange { Before = before, After = after, Audit = [audit.Entry(actor, "plan.delete", plan.ToString(), $"'{before.Name}' with its machines; points stay for {site.Retention.GracePeriod}")] },
                cancellationToken).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);

    public async ValueTask TakeOverAsync(Guid plan, string actor, CancellationToken cancellationToken) =>
        await GuardAsync(actor, "plan.takeover", plan.ToString(), async () =>
        {
            using var gate = await gates.EnterAsync(plan, cancellationToken).ConfigureAwait(false);
            var before = await plans.GetAsync(plan, cancellationToken).ConfigureAwait(false);
            var after = PlanAuthority.TakeOver(before, site.Uuid, site.Now);
            if (after == before)
            {
                return false;
            }

            var entry = audit.Entry(actor, "plan.takeover", plan.ToString(), $"site '{site.Name}' has the say from revision {after.Revision} on (epoch {after.RevisionEpoch})");
            await writer.WriteAsync(new PlanChange { Before = before, After = after, Audit = [entry] }, cancellationToken).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);

    /// <summary>Pauses or resumes a machine that this site owns.</summary>
    public async ValueTask SetPausedAsync(Guid machine, bool paused, string actor, CancellationToken cancellationToken) =>
        await GuardAsync(actor, paused ? "machine.pause" : "machine.resume", machine.ToString(), async () =>
        {
            var (found, plan) = await machines.FindAsync(machine, cancellationToken).ConfigureAwait(false);
            if (found.Ownership.Owner != site.Uuid)
            {
                throw new DisasterToleranceException(
                    ErrorCode.NotOwner, $"Site '{site.Name}' does not schedule {MachineNames.Of(found)}: site '{site.NameOf(found.Ownership.Owner)}' owns it. Ask that site.");
            }

            var now = site.Now;
            await machines.UpdateAsync(
                machine,
                row => row.Paused == paused ? row : row with { Paused = paused, NextRun = writer.NextRun(plan, row with { Paused = paused }, now) },
                cancellationToken,
                also: (_, batch) => batch.Add(audit.Entry(actor, paused ? "machine.pause" : "machine.resume", machine.ToString(), found.Name))).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);

    private async ValueTask<PlanMerge> MergeAsync(PlanRow before, IReadOnlyList<MachineRow> present, PlanEdit edit, CancellationToken cancellationToken)
    {
        var elsewhere = await FindElsewhereAsync(before.Uuid, edit.Machines ?? [], cancellationToken).ConfigureAwait(false);
        var merge = PlanMerging.Merge(before, present, edit, limits, elsewhere, site.Now);
        if (merge.Errors.Count == 0)
        {
            return merge;
        }

        var onlyTwins = PlanMerging.Merge(before, present, edit, limits, new Dictionary<Guid, string>(), site.Now).Errors.Count == 0;
        throw new DisasterToleranceException(onlyTwins ? ErrorCode.AlreadyExists : merge.Code, $"The {MachineNames.Of(before)} was not changed. {PlanTexts.Sentences(merge.Errors)}");
    }

    private void Validate(PlanSpecification specification, IReadOnlyDictionary<Guid, string> elsewhere)
    {
        var surroundings = new PlanSurroundings
        {
            KnownSites = site.Peers.Keys.Append(site.Uuid).ToHashSet(),
            Types = specification.Master == site.Uuid || specification.Slave == site.Uuid ? site.Hypervisors.Keys.ToHashSet(StringComparer.Ordinal) : null,
            ProtectedElsewhere = elsewhere,
        };
        var errors = PlanRules.Validate(specification, limits, surroundings);
        if (errors.Count == 0 && specification.Master != site.Uuid)
        {
            errors = [$"The plan's master is site '{site.NameOf(specification.Master)}', not '{site.Name}': add the plan at one of its own two sites."];
        }

        if (errors.Count == 0)
        {
            return;
        }

        // The code of the one thing that is wrong; of several, the general one.
        var others = PlanRules.Validate(specification, limits, surroundings with { Types = null, ProtectedElsewhere = new Dictionary<Guid, string>() }).Count;
        var unknownType = PlanRules.Validate(specification, limits, surroundings with { ProtectedElsewhere = new Dictionary<Guid, string>() }).Count > others;
        var twins = errors.Count > others + (unknownType ? 1 : 0);
        var code = others > 0 || (unknownType && twins) || specification.Master != site.Uuid ? ErrorCode.InvalidArgument : unknownType ? ErrorCode.HypervisorUnknown : ErrorCode.AlreadyExists;
        throw new DisasterToleranceException(code, $"Plan '{PlanTexts.Shown(specification.Name)}' was not added. {PlanTexts.Sentences(errors)}");
    }

    private async ValueTask<IReadOnlyDictionary<Guid, string>> FindElsewhereAsync(Guid plan, IReadOnlyList<MachineSpecification> wanted, CancellationToken cancellationToken)
    {
        var found = await plans.FindElsewhereAsync(plan, wanted.Select(machine => machine.MasterUuid), cancellationToken).ConfigureAwait(false);
        return found.ToDictionary(pair => pair.Key, pair => pair.Value.Name);
    }

    // A plan that was switched off because its machine has another plan stays off as long as that is so.
    private async ValueTask DemandNoTwinAsync(PlanRow before, PlanRow after, IReadOnlyList<MachineRow> present, CancellationToken cancellationToken)
    {
        if (before.Enabled || !after.Enabled)
        {
            return;
        }

        var twins = await plans.FindElsewhereAsync(before.Uuid, present.SelectMany(machine => (Guid[])[machine.MasterUuid, machine.SlaveUuid]), cancellationToken).ConfigureAwait(false);
        foreach (var machine in present)
        {
            var other = twins.GetValueOrDefault(machine.MasterUuid) ?? twins.GetValueOrDefault(machine.SlaveUuid);
            if (other is not null)
            {
                throw new DisasterToleranceException(
                    ErrorCode.AlreadyExists,
                    $"The {MachineNames.Of(before)} cannot be switched on: {MachineNames.Of(machine)} is protected by {MachineNames.Of(other)} too. Take it out of one of the two plans first.");
            }
        }
    }

    private void Demand(PlanRow plan, PlanAction action)
    {
        var other = site.PeerOf(plan);
        if (PlanAuthority.MayChange(plan, site.Uuid, action, site.Links.Find(other)?.State.IsUp == true) is { } refusal)
        {
            throw refusal.ToException();
        }
    }

    private static bool IsOnlyDisable(PlanEdit edit) => edit.Enabled == false && edit with { Enabled = null, ExpectedModified = null, Actor = "" } == new PlanEdit();

    /// <summary>What fails leaves an audit entry too; what succeeds wrote its entry together with the change.</summary>
    private async ValueTask<T> GuardAsync<T>(string actor, string action, string target, Func<Task<T>> change)
    {
        try
        {
            return await change().ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            var detail = e.Message.Length > LongestDetail ? e.Message[..LongestDetail] : e.Message;
            await site.Catalog.CommitAsync(new CatalogBatch().Add(audit.Entry(actor, action, target, detail, e.Code)), CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }
}
