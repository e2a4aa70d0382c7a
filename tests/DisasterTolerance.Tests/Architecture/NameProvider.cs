using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace DisasterTolerance.Tests.Architecture;

/// <summary>Decodes signatures into the full names of all types in them.</summary>
internal sealed class NameProvider : ISignatureTypeProvider<ImmutableHashSet<string>, object?>
{
    public static string NameOf(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        var name = reader.GetString(type.Name);
        var outer = type.GetDeclaringType();
        return outer.IsNil ? Full(reader.GetString(type.Namespace), name) : $"{NameOf(reader, outer)}+{name}";
    }

    public static string NameOf(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        var name = reader.GetString(type.Name);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{NameOf(reader, (TypeReferenceHandle)type.ResolutionScope)}+{name}"
            : Full(reader.GetString(type.Namespace), name);
    }

    public ImmutableHashSet<string> GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => [NameOf(reader, handle)];

    public ImmutableHashSet<string> GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => [NameOf(reader, handle)];

    public ImmutableHashSet<string> GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

    public ImmutableHashSet<string> GetGenericInstantiation(ImmutableHashSet<string> genericType, ImmutableArray<ImmutableHashSet<string>> typeArguments) =>
        typeArguments.Aggregate(genericType, (all, argument) => all.Union(argument));

    public ImmutableHashSet<string> GetFunctionPointerType(MethodSignature<ImmutableHashSet<string>> signature) =>
        signature.ParameterTypes.Aggregate(signature.ReturnType, (all, parameter) => all.Union(parameter));

    public ImmutableHashSet<string> GetModifiedType(ImmutableHashSet<string> modifier, ImmutableHashSet<string> unmodifiedType, bool isRequired) => unmodifiedType;

    public ImmutableHashSet<string> GetArrayType(ImmutableHashSet<string> elementType, ArrayShape shape) => elementType;

    public ImmutableHashSet<string> GetByReferenceType(ImmutableHashSet<string> elementType) => elementType;

    public ImmutableHashSet<string> GetPinnedType(ImmutableHashSet<string> elementType) => elementType;

    public ImmutableHashSet<string> GetPointerType(ImmutableHashSet<string> elementType) => elementType;

    public ImmutableHashSet<string> GetSZArrayType(ImmutableHashSet<string> elementType) => elementType;

    public ImmutableHashSet<string> GetGenericMethodParameter(object? genericContext, int index) => [];

    public ImmutableHashSet<string> GetGenericTypeParameter(object? genericContext, int index) => [];

    public ImmutableHashSet<string> GetPrimitiveType(PrimitiveTypeCode typeCode) => [];

    private static string Full(string space, string name) => space.Length == 0 ? name : $"{space}.{name}";
}
