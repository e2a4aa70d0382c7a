using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace DisasterTolerance.Tests.Architecture;

/// <summary>What an assembly file says of itself, read without loading it: its references, its types, and which types and members each of them uses in signatures and code.</summary>
internal sealed class AssemblyReader : IDisposable
{
    private static readonly Dictionary<ushort, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => (ushort)code.Value);

    private readonly PEReader _file;
    private readonly MetadataReader _metadata;
    private readonly NameProvider _names = new();

    public AssemblyReader(string path)
    {
        _file = new(File.OpenRead(path));
        _metadata = _file.GetMetadataReader();
    }

    public IEnumerable<string> References => _metadata.AssemblyReferences.Select(handle => _metadata.GetString(_metadata.GetAssemblyReference(handle).Name));

    public IEnumerable<TypeDefinitionHandle> Types => _metadata.TypeDefinitions;

    /// <summary>Full name; nested types as <c>Outer+Inner</c>.</summary>
    public string NameOf(TypeDefinitionHandle handle) => NameProvider.NameOf(_metadata, handle);

    /// <summary>Whether code of other assemblies can derive from a type: it is neither sealed nor abstract, and has a constructor for them.</summary>
    public bool IsOpen(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        return (type.Attributes & (TypeAttributes.Sealed | TypeAttributes.Abstract | TypeAttributes.Interface)) == 0
            && type.GetMethods().Select(_metadata.GetMethodDefinition).Any(method => _metadata.GetString(method.Name) == ".ctor"
                && (method.Attributes & MethodAttributes.MemberAccessMask) is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem);
    }

    /// <summary>Full names of all types that a type uses, and of all members as <c>Type::Member</c>.</summary>
    public IReadOnlySet<string> UsesOf(TypeDefinitionHandle handle)
    {
        var uses = new HashSet<string>();
        var type = _metadata.GetTypeDefinition(handle);
        uses.Add(Name(type.BaseType));
        foreach (var implementation in type.GetInterfaceImplementations())
        {
            uses.Add(Name(_metadata.GetInterfaceImplementation(implementation).Interface));
        }

        foreach (var field in type.GetFields())
        {
            uses.UnionWith(_metadata.GetFieldDefinition(field).DecodeSignature(_names, null));
        }

        foreach (var method in type.GetMethods().Select(_metadata.GetMethodDefinition))
        {
            AddSignature(method.DecodeSignature(_names, null), uses);
            if (method.RelativeVirtualAddress != 0)
            {
                AddCode(_file.GetMethodBody(method.RelativeVirtualAddress), uses);
            }
        }

        return uses;
    }

    public void Dispose() => _file.Dispose();

    private static void AddSignature(MethodSignature<ImmutableHashSet<string>> signature, HashSet<string> uses)
    {
        uses.UnionWith(signature.ReturnType);
        foreach (var parameter in signature.ParameterTypes)
        {
            uses.UnionWith(parameter);
        }
    }

    private void AddCode(MethodBodyBlock body, HashSet<string> uses)
    {
        if (!body.LocalSignature.IsNil)
        {
            foreach (var local in _metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(_names, null))
            {
                uses.UnionWith(local);
            }
        }

        var code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            ushort value = code.ReadByte();
            var operation = OpCodesByValue[value == 0xFE ? (ushort)(0xFE00 | code.ReadByte()) : value];
            switch (operation.OperandType)
            {
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    code.Offset += 1;
                    break;
                case OperandType.InlineVar:
                    code.Offset += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.Offset += 8;
                    break;
                case OperandType.InlineSwitch:
                    var targets = code.ReadInt32();
                    code.Offset += 4 * targets;
                    break;
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    AddToken(System.Reflection.Metadata.Ecma335.MetadataTokens.EntityHandle(code.ReadInt32()), uses);
                    break;
                default:
                    code.Offset += 4;
                    break;
            }
        }
    }

    private void AddToken(EntityHandle handle, HashSet<string> uses)
    {
        switch (handle.Kind)
        {
            case HandleKind.MemberReference:
                var member = _metadata.GetMemberReference((MemberReferenceHandle)handle);
                foreach (var parent in Names(member.Parent))
                {
                    uses.Add(parent);
                    uses.Add($"{parent}::{_metadata.GetString(member.Name)}");
                }

                break;
            case HandleKind.MethodSpecification:
                var specification = _metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                AddToken(specification.Method, uses);
                foreach (var argument in specification.DecodeSignature(_names, null))
                {
                    uses.UnionWith(argument);
                }

                break;
            case HandleKind.MethodDefinition:
                uses.Add(NameOf(_metadata.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType()));
                break;
            case HandleKind.FieldDefinition:
                uses.Add(NameOf(_metadata.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType()));
                break;
            default:
                uses.UnionWith(Names(handle));
                break;
        }
    }

    private string Name(EntityHandle handle) => handle.IsNil ? "" : Names(handle).FirstOrDefault("");

    private ImmutableHashSet<string> Names(EntityHandle handle) => handle.Kind switch
    {
        HandleKind.TypeDefinition => [NameOf((TypeDefinitionHandle)handle)],
        HandleKind.TypeReference => [NameProvider.NameOf(_metadata, (TypeReferenceHandle)handle)],
        HandleKind.TypeSpecification => _metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(_names, null),
        _ => [],
    };
}
